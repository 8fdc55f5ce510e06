import { Button } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { useState } from "react";
import { useLabActions } from "../state/lab-actions.ts";
import { useLab } from "../state/lab-context.tsx";
import { damageOf, inWords, leftBroken } from "./in-force.ts";
import classes from "./shell.module.css";

/** What is broken and no run will restore any more, so that a person is asked to: left by a run, or someone else's doing. */
export function ResidueBanner() {
  const lab = useLab((state) => state.lab);
  const actions = useLabActions();
  const [isTrying, setTrying] = useState(false);
  const left = leftBroken(lab);
  const damage = damageOf(lab);
  if (left.length === 0 && damage.length === 0) return null;
  return (
    <div className={classes.halted} role="alert">
      <IconAlertTriangle size={16} aria-hidden />
      <span>
        {left.length > 0 && `Left broken by a run that is over: ${inWords(left)}. `}
        {damage.length > 0 && `Broken, and not by a fault of the lab: ${damage.join("; ")}. `}
        Until it is put back nothing here is as it should be, and no run can start.
      </span>
      <Button
        variant="default"
        loading={isTrying}
        onClick={() => {
          setTrying(true);
          void actions.undo("all").finally(() => setTrying(false));
        }}
      >
        {left.length > 0 ? "Try again to put it back" : "Restore"}
      </Button>
    </div>
  );
}
