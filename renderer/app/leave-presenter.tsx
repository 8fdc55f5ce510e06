import { Button } from "@mantine/core";
import { useIdle } from "@mantine/hooks";
import { useInteraction, usePreferences } from "../state/lab-context.tsx";
import { useRoute } from "../state/use-route.ts";
import { useShortcuts } from "../state/use-shortcuts.ts";
import classes from "./leave-presenter.module.css";

/** Without a move of the pointer the button is hidden: it would cover what an audience looks at. */
const SHOWN_MS = 3_000;

/** Leaves presenter mode: a button, and Escape when nothing is selected. */
export default function LeavePresenter() {
  const setPreference = usePreferences((state) => state.set);
  const isLooking = useInteraction(({ selectedSeq, cursorMs }) => selectedSeq !== undefined || cursorMs !== undefined);
  const isOnRun = useRoute().at === "run";
  const isIdle = useIdle(SHOWN_MS, { events: ["mousemove", "touchstart"] });
  const leave = () => {
    setPreference({ isPresenting: false });
    // The button, and the focused element, may be gone then.
    document.getElementById("main")?.focus();
  };
  useShortcuts(isOnRun && isLooking ? {} : { deselect: leave });
  return (
    <Button className={classes.leave} data-shown={!isIdle || undefined} variant="default" onClick={leave}>
      Leave presenter mode
    </Button>
  );
}
