import { Button } from "@mantine/core";
import { IconHandStop } from "@tabler/icons-react";
import { faultList, faultsInForce } from "../state/in-force.ts";
import { useLabActions } from "../state/lab-actions.ts";
import { useLab } from "../state/lab-context.tsx";
import { focusMain } from "../ui/focus-main.ts";
import classes from "./shell.module.css";

export function HaltedBanner() {
  const lab = useLab((state) => state.lab);
  const actions = useLabActions();
  if (!lab?.halted) return null;
  const left = faultsInForce(lab);
  return (
    <div className={classes.halted} role="status">
      <IconHandStop size={16} aria-hidden />
      <span>
        {left.length === 0
          ? "The lab is halted: every fault is undone. Arm the lab to allow faults again."
          : `The lab is halted. Still in force: ${faultList(left)}. Arm the lab to allow faults again.`}
      </span>
      <Button variant="default" onClick={() => void actions.arm().then(focusMain)}>
        Arm the lab
      </Button>
    </div>
  );
}
