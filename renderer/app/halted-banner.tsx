import { Button } from "@mantine/core";
import { IconHandStop } from "@tabler/icons-react";
import { useLab } from "../state/lab-context.tsx";
import { useLabActions } from "./lab-actions.ts";
import classes from "./shell.module.css";

export function HaltedBanner() {
  const isHalted = useLab((state) => state.lab?.halted ?? false);
  const actions = useLabActions();
  if (!isHalted) return null;
  return (
    <div className={classes.halted} role="status">
      <IconHandStop size={16} aria-hidden />
      <span>The lab is halted: everything was put back, and nothing can be broken until it is armed again.</span>
      <Button variant="default" onClick={() => void actions.arm()}>
        Arm the lab
      </Button>
    </div>
  );
}
