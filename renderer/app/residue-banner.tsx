import { Button } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { useState } from "react";
import { damageOf, faultList, leftBroken, needsNewStack } from "../state/in-force.ts";
import { useLabActions } from "../state/lab-actions.ts";
import { useLab } from "../state/lab-context.tsx";
import classes from "./shell.module.css";

/** Damage that only a person can restore: left by an ended run, or caused by someone else. */
export function ResidueBanner() {
  const lab = useLab((state) => state.lab);
  const actions = useLabActions();
  const [isTrying, setTrying] = useState(false);
  const left = leftBroken(lab);
  const damage = damageOf(lab);
  if (left.length === 0 && damage.length === 0) return null;
  const isLost = left.length === 0 && needsNewStack(lab);
  return (
    <div className={classes.halted} role="alert">
      <IconAlertTriangle size={16} aria-hidden />
      <span>
        {left.length > 0 && `Not undone after a run: ${faultList(left)}. `}
        {damage.length > 0 && `Damage not caused by the lab: ${damage.join("; ")}. `}
        {isLost
          ? "No run can start on it: take the stack down and bring it up again."
          : "No run can start until it is restored."}
      </span>
      <Button
        variant="default"
        loading={isTrying}
        onClick={() => {
          setTrying(true);
          void (isLost ? actions.down() : actions.undo("all")).finally(() => setTrying(false));
        }}
      >
        {left.length > 0 ? "Retry undo" : isLost ? "Take down" : "Restore"}
      </Button>
    </div>
  );
}
