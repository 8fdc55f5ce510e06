import { Button } from "@mantine/core";
import { useInteraction, usePreferences } from "../state/lab-context.tsx";
import { useRoute } from "../state/use-route.ts";
import { useShortcuts } from "../state/use-shortcuts.ts";
import classes from "./leave-presenter.module.css";

/** Leaves presenter mode: a button, and Escape when nothing is selected. */
export default function LeavePresenter() {
  const setPreference = usePreferences((state) => state.set);
  const isLooking = useInteraction(({ selectedSeq, cursorMs }) => selectedSeq !== undefined || cursorMs !== undefined);
  const isOnRun = useRoute().at === "run";
  const leave = () => {
    setPreference({ isPresenting: false });
    // The button, and the focused element, may be gone then.
    document.getElementById("main")?.focus();
  };
  useShortcuts(isOnRun && isLooking ? {} : { deselect: leave });
  return (
    <Button className={classes.leave} variant="default" onClick={leave}>
      Leave presenter mode
    </Button>
  );
}
