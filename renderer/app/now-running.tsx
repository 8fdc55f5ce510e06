import { Loader } from "@mantine/core";
import { IconHourglassEmpty, IconPlayerStop, IconPlugConnectedX } from "@tabler/icons-react";
import { useLabActions } from "../state/lab-actions.ts";
import { useLab } from "../state/lab-context.tsx";
import { goneSince } from "../state/lab-gone.ts";
import { formatRoute } from "../state/route.ts";
import { useLabNow } from "../state/use-now.ts";
import { ReasonedButton } from "../ui/reasoned-button.tsx";
import { formatDuration } from "../ui/times.ts";
import classes from "./now-running.module.css";

/** The run in progress, or what the next one waits for, on every page: its title, duration, activity and a cancel button. */
export function NowRunning() {
  const active = useLab((state) => state.lab?.queue.active);
  const isGone = useLab((state) => goneSince(state) !== undefined);
  const actions = useLabActions();
  const pause = useLab((state) => state.lab?.queue.pause);
  const entry = active?.[0];
  if (active === undefined || entry === undefined) return null;
  const waits = entry.state === "queued" && pause != null ? `waits: ${pause.why}` : undefined;
  const label = (
    <>
      <b>{entry.scenarioTitle}</b>
      <span>{isGone ? "the lab has ended" : (waits ?? entry.activity)}</span>
    </>
  );
  const Sign = isGone ? IconPlugConnectedX : waits === undefined ? Loader : IconHourglassEmpty;
  return (
    <div className={classes.now} role="status" aria-live="off" data-testid="now-running">
      <Sign size={14} aria-hidden />
      {entry.runId === null ? (
        <span className={classes.what}>{label}</span>
      ) : (
        <a className={classes.what} href={formatRoute({ at: "run", runId: entry.runId })}>
          {label}
        </a>
      )}
      {entry.startedWallMs !== null && (
        <span className={classes.elapsed}>
          <Elapsed sinceWallMs={entry.startedWallMs} />
        </span>
      )}
      {active.length > 1 && (
        <span className={classes.more} title={`${active.length - 1} more queued`}>
          +{active.length - 1}
        </span>
      )}
      <ReasonedButton
        variant="subtle"
        color="gray"
        size="compact-xs"
        leftSection={<IconPlayerStop size={13} aria-hidden />}
        disabledBecause={
          isGone
            ? "The lab cannot be reached"
            : entry.cancelling
              ? "Cancelling: its faults are undone first"
              : undefined
        }
        onClick={() => void actions.cancel(entry.entryId)}
      >
        {entry.cancelling ? "Cancelling" : "Cancel"}
      </ReasonedButton>
    </div>
  );
}

/** On its own, so that only this text is rendered again with each tick. */
function Elapsed({ sinceWallMs }: { sinceWallMs: number }) {
  return formatDuration(Math.max(0, useLabNow(100) - sinceWallMs));
}
