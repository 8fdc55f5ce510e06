import { Button } from "@mantine/core";
import { IconPlayerPause } from "@tabler/icons-react";
import { useState } from "react";
import { useLabActions } from "../state/lab-actions.ts";
import { useLab } from "../state/lab-context.tsx";
import classes from "./shell.module.css";

/** Runs that waited when the lab was closed: nothing is broken because it was opened again. */
export function LeftRunsBanner() {
  const left = useLab((state) => state.lab?.queue.left ?? 0);
  const project = useLab((state) => state.lab?.stack.project);
  const isHalted = useLab((state) => state.lab?.halted === true);
  const actions = useLabActions();
  const [isWorking, setWorking] = useState(false);
  if (left === 0 || isHalted) return null;
  const during = (work: Promise<unknown>) => {
    setWorking(true);
    void work.finally(() => setWorking(false));
  };
  return (
    <div className={classes.halted} role="status">
      <IconPlayerPause size={16} aria-hidden />
      <span>
        {left === 1 ? "1 run waited" : `${left} runs waited`} when the lab was closed.{" "}
        {left === 1 ? "It continues" : "They continue"} on the stack that is open, {project}.
      </span>
      <Button size="compact-sm" loading={isWorking} onClick={() => during(actions.continueLeft())}>
        {left === 1 ? "Continue it" : `Continue ${left} runs`}
      </Button>
      <Button size="compact-sm" variant="default" disabled={isWorking} onClick={() => during(actions.cancelLeft())}>
        {left === 1 ? "Cancel it" : "Cancel them"}
      </Button>
    </div>
  );
}
