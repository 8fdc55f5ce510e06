import { Button } from "@mantine/core";
import { usePreferences } from "../state/lab-context.tsx";
import classes from "./shell.module.css";

/** The way out of presenter mode, which has no header. */
export default function LeavePresenter() {
  const setPreference = usePreferences((state) => state.set);
  return (
    <Button className={classes.leavePresenter} variant="default" onClick={() => setPreference({ isPresenting: false })}>
      Leave presenter mode
    </Button>
  );
}
