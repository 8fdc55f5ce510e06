import { IconCheck, IconX } from "@tabler/icons-react";
import { useState } from "react";
import type { WaitingApproval } from "../../electron/contract/approvals.ts";
import { ReasonedButton } from "../app/reasoned-button.tsx";
import { formatRoute } from "../app/route.ts";
import { attempt, tell } from "../app/tell.tsx";
import { secondsLeft } from "../app/times.ts";
import { useLabNow } from "../app/use-now.ts";
import { JsonBlock } from "../runs/json-block.tsx";
import { useStores } from "../state/lab-context.tsx";
import classes from "./approval-card.module.css";

/** One held call, with what is asked for, how long there is, and the two answers. */
export function ApprovalCard({ approval, linksToRun }: { approval: WaitingApproval; linksToRun: boolean }) {
  const { ticket, tool, sessionId, turnId, runId, requestedWallMs, expiresWallMs, blockedBecause } = approval;
  const { client } = useStores();
  const nowMs = useLabNow(250);
  const [answering, setAnswering] = useState<"approve" | "deny">();
  const left = expiresWallMs === null ? undefined : secondsLeft(expiresWallMs, nowMs);
  const share =
    expiresWallMs === null
      ? 1
      : Math.min(1, Math.max(0, (expiresWallMs - nowMs) / Math.max(1, expiresWallMs - requestedWallMs)));

  const decide = async (decision: "approve" | "deny") => {
    setAnswering(decision);
    const answer = await attempt(`${tool} could not be decided`, () => client.call.approvals.decide({ ticket, decision }));
    if (answer !== undefined) tell(decision === "approve" ? `${tool} approved` : `${tool} denied`, answer.message);
    setAnswering(undefined);
  };
  const because = blockedBecause ?? (answering === undefined ? undefined : "Your answer is on its way");

  return (
    <article className={classes.card} aria-label={`${tool} waits for approval`} data-testid="approval-card">
      <div className={classes.what}>
        <h3>
          <code>{tool}</code> waits for a person
        </h3>
        <p>
          Session <code>{sessionId.slice(0, 8)}</code>, turn <code>{turnId.slice(0, 8)}</code>
          {linksToRun && runId !== null && (
            <>
              , in <a href={formatRoute({ at: "run", runId })}>this run</a>
            </>
          )}
          {runId === null && ", from outside any run"}
        </p>
        <JsonBlock value={approval.arguments} label={`Arguments of ${tool}`} />
      </div>
      <div className={classes.answer}>
        <div className={classes.left} role="timer" aria-label="Time left">
          {left === undefined ? "no limit" : left === 0 ? "running out" : `${left} s left`}
        </div>
        <div className={classes.track}>
          <div style={{ transform: `scaleX(${share})` }} />
        </div>
        <div className={classes.buttons}>
          <ReasonedButton
            color="green.9"
            leftSection={<IconCheck size={15} aria-hidden />}
            loading={answering === "approve"}
            disabledBecause={because}
            onClick={() => void decide("approve")}
            aria-label={`Approve ${tool}`}
          >
            Approve
          </ReasonedButton>
          <ReasonedButton
            variant="default"
            leftSection={<IconX size={15} aria-hidden />}
            loading={answering === "deny"}
            disabledBecause={because}
            onClick={() => void decide("deny")}
            aria-label={`Deny ${tool}`}
          >
            Deny
          </ReasonedButton>
        </div>
        <p>{left === undefined ? "" : "Unanswered, it ends as expired."}</p>
      </div>
    </article>
  );
}
