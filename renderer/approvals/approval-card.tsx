import type { WaitingApproval } from "../../electron/contract/approvals.ts";
import { formatRoute } from "../state/route.ts";
import { useLabNow } from "../state/use-now.ts";
import { ApprovalButtons } from "./approval-buttons.tsx";
import classes from "./approval-card.module.css";
import { ArgumentList } from "./argument-list.tsx";
import { TimeLeft } from "./time-left.tsx";

/** A call waiting for approval: its arguments, the time left, and the two decisions. */
export function ApprovalCard({
  approval,
  linksToRun,
  stands = false,
}: {
  approval: WaitingApproval;
  linksToRun: boolean;
  /** While a paced run waits, the time of its calls stands still. */
  stands?: boolean;
}) {
  const { tool, sessionId, turnId, runId, requestedWallMs, expiresWallMs, blockedBecause } = approval;
  const nowMs = useLabNow(250);
  const share =
    expiresWallMs === null
      ? 1
      : Math.min(1, Math.max(0, (expiresWallMs - nowMs) / Math.max(1, expiresWallMs - requestedWallMs)));
  // On a run's page it is a part of the page, on Approvals of a section.
  const Title = linksToRun ? "h3" : "h2";
  return (
    <article className={classes.card} aria-label={`${tool} waits for approval`} data-testid="approval-card">
      <div className={classes.what}>
        <Title>
          <code>{tool}</code> waits for a person
        </Title>
        <p>
          Session <code title={sessionId}>{sessionId.slice(0, 8)}</code>, turn{" "}
          <code title={turnId}>{turnId.slice(0, 8)}</code>
          {linksToRun && runId !== null && (
            <>
              , in <a href={formatRoute({ at: "run", runId })}>this run</a>
            </>
          )}
          {runId === null && ", outside any run"}
        </p>
        <ArgumentList value={approval.arguments} label={`Arguments of ${tool}`} />
      </div>
      <div className={classes.answer}>
        <div className={classes.left} role="timer" aria-label="Time left">
          <TimeLeft approval={approval} stands={stands} />
        </div>
        <div className={classes.track}>
          <div style={{ transform: `scaleX(${share})` }} />
        </div>
        <ApprovalButtons approval={approval} />
        <p>{whatNext(blockedBecause, expiresWallMs !== null)}</p>
      </div>
    </article>
  );
}

function whatNext(blockedBecause: string | null, expires: boolean): string {
  if (blockedBecause !== null) return `Cannot be decided here: ${blockedBecause}.`;
  return expires ? "Expires if not decided." : "";
}
