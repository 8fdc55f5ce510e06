import type { QueuedRunSummary } from "../../electron/contract/queue.ts";
import { formatRoute } from "../state/route.ts";
import list from "../ui/list-detail.module.css";
import { OutcomeBadge } from "../ui/outcome.tsx";
import { ago, formatDuration } from "../ui/times.ts";
import { ToneBadge } from "../ui/tone-mark.tsx";
import classes from "./queue-page.module.css";

export function QueueRow({ run, isOpen, nowMs }: { run: QueuedRunSummary; isOpen: boolean; nowMs: number }) {
  const { runId, title, state, outcome, target, repeats, without, submittedWallMs } = run;
  return (
    <li>
      <a
        href={formatRoute({ at: "queue", runId })}
        className={`${list.row} ${classes.row}`}
        aria-current={isOpen || undefined}
      >
        <span className={list.name}>{title}</span>
        {state === "queued" ? <ToneBadge tone="muted">Waiting</ToneBadge> : <OutcomeBadge outcome={outcome} />}
        <small>
          {[
            target,
            ...(repeats > 1 ? [`${repeats} times`] : []),
            ...(without.length > 0 ? [`without ${without.join(", ")}`] : []),
            `submitted ${ago(submittedWallMs, nowMs)}`,
          ].join(" · ")}
        </small>
        <small className={classes.now}>{stateText(run)}</small>
      </a>
    </li>
  );
}

/** What it waits for, who carries it out, or how it ended. */
export function stateText(run: QueuedRunSummary): string {
  const { state, waits, worker, attempt, maxAttempts, leaseLeftMs, cancelRequested, reason } = run;
  if (state === "ended") return reason ?? "";
  if (state === "queued") {
    const again = attempt > 0 ? `Attempt ${attempt + 1} of ${maxAttempts}. ` : "";
    return `${again}${waits === null ? "It starts in a moment" : `Waits: ${waits.why}`}`;
  }
  const lease = leaseLeftMs ?? 0;
  const held =
    lease > 0 ? `lease for ${formatDuration(lease)}` : "its lease has ended: another worker may take it over";
  return `${cancelRequested ? "Cancelling; " : ""}attempt ${attempt} of ${maxAttempts} by ${worker}, ${held}`;
}
