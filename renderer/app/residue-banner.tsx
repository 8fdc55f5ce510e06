import { Button } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { useState } from "react";
import { useLab } from "../state/lab-context.tsx";
import { inWords, leftBroken } from "./in-force.ts";
import { useLabActions } from "./lab-actions.ts";
import classes from "./shell.module.css";

/** What a run that is over has left broken: no run will put it back any more, so a person is asked to. */
export function ResidueBanner() {
  const lab = useLab((state) => state.lab);
  const actions = useLabActions();
  const [isTrying, setTrying] = useState(false);
  const left = leftBroken(lab);
  if (left.length === 0) return null;
  return (
    <div className={classes.halted} role="alert">
      <IconAlertTriangle size={16} aria-hidden />
      <span>
        Left broken by a run that is over: {inWords(left)}. Until it is put back nothing here is as it should be.
      </span>
      <Button
        variant="default"
        loading={isTrying}
        onClick={() => {
          setTrying(true);
          void actions.undo("all").finally(() => setTrying(false));
        }}
      >
        Try again to put it back
      </Button>
    </div>
  );
}
