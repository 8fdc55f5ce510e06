import { Button } from "@mantine/core";
import { IconPlugX } from "@tabler/icons-react";
import { failureText } from "../lab-client/lab-failure.ts";
import { useLab } from "../state/lab-context.tsx";
import type { OpenRun } from "../state/lab-store.ts";
import { formatDuration } from "../ui/times.ts";
import classes from "./stopped-notice.module.css";

/** Shown in a run whose events no longer arrive although the lab is connected: the reason, and what to do. */
export function StoppedNotice({ run: { record, failure } }: { run: OpenRun }) {
  const followAgain = useLab((state) => state.followAgain);
  if (failure === undefined) return null;
  return (
    <div className={classes.notice} role="alert">
      <IconPlugX size={16} aria-hidden />
      <span>
        This run is shown up to {formatDuration(record.view.lastMs)} only; its later events do not arrive:{" "}
        {failureText(failure)}
      </span>
      <Button variant="default" onClick={followAgain}>
        Try again
      </Button>
    </div>
  );
}
