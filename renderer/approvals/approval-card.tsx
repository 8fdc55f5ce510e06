import { IconCheck, IconX } from "@tabler/icons-react";
import { useState } from "react";
import type { WaitingApproval } from "../../electron/contract/approvals.ts";
import { LabFailure } from "../lab-client/lab-failure.ts";
import { useLab, useStores } from "../state/lab-context.tsx";
import { notify } from "../state/notify.tsx";
import { formatRoute } from "../state/route.ts";
import { useLabNow } from "../state/use-now.ts";
import { ReasonedButton } from "../ui/reasoned-button.tsx";
import { secondsLeft } from "../ui/times.ts";
import classes from "./approval-card.module.css";
import { ArgumentList } from "./argument-list.tsx";

type Answer =
  | { is: "open" }
  | { is: "sending"; decision: "approve" | "deny" }
  /** The gateway has accepted it; the ticket is about to disappear. */
  | { is: "taken"; decision: "approve" | "deny" }
  | { is: "failed"; message: string };

/** A call waiting for approval: its arguments, the time left, and the two decisions. */
export function ApprovalCard({ approval, linksToRun }: { approval: WaitingApproval; linksToRun: boolean }) {
  const { ticket, tool, sessionId, turnId, runId, requestedWallMs, expiresWallMs, blockedBecause } = approval;
  const { client } = useStores();
  const isConnected = useLab((state) => state.connection.is === "connected");
  const nowMs = useLabNow(250);
  const [answer, setAnswer] = useState<Answer>({ is: "open" });
  const left = expiresWallMs === null ? undefined : secondsLeft(expiresWallMs, nowMs);
  const share =
    expiresWallMs === null
      ? 1
      : Math.min(1, Math.max(0, (expiresWallMs - nowMs) / Math.max(1, expiresWallMs - requestedWallMs)));

  const decide = async (decision: "approve" | "deny") => {
    setAnswer({ is: "sending", decision });
    try {
      const { message } = await client.call.approvals.decide({ ticket, decision });
      notify(message);
      setAnswer({ is: "taken", decision });
    } catch (error) {
      const hint = error instanceof LabFailure && error.hint !== null ? `. Fix: ${error.hint}` : "";
      setAnswer({ is: "failed", message: `${(error as Error).message}${hint}` });
    }
  };
  const because = isConnected ? (blockedBecause ?? whyNotAgain(answer)) : "The lab cannot be reached";
  // On a run's page it is a part of the page, on Approvals of a section.
  const Title = linksToRun ? "h3" : "h2";
  const isSending = (decision: "approve" | "deny") => answer.is === "sending" && answer.decision === decision;

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
          {left === undefined ? "no limit" : left === 0 ? "expiring" : `${left} s left`}
        </div>
        <div className={classes.track}>
          <div style={{ transform: `scaleX(${share})` }} />
        </div>
        <div className={classes.buttons}>
          <ReasonedButton
            color="green.9"
            leftSection={<IconCheck size={15} aria-hidden />}
            loading={isSending("approve")}
            disabledBecause={because}
            onClick={() => void decide("approve")}
            aria-label={`Approve ${tool}`}
          >
            Approve
          </ReasonedButton>
          <ReasonedButton
            variant="default"
            leftSection={<IconX size={15} aria-hidden />}
            loading={isSending("deny")}
            disabledBecause={because}
            onClick={() => void decide("deny")}
            aria-label={`Deny ${tool}`}
          >
            Deny
          </ReasonedButton>
        </div>
        {answer.is === "failed" ? (
          <p className={classes.failed} role="alert">
            Not decided: {answer.message}.
          </p>
        ) : (
          <p>{whatNext(blockedBecause, left)}</p>
        )}
      </div>
    </article>
  );
}

function whyNotAgain(answer: Answer): string | undefined {
  if (answer.is === "sending") return "Sending your decision";
  if (answer.is === "taken") return answer.decision === "approve" ? "Approved" : "Denied";
  return undefined;
}

function whatNext(blockedBecause: string | null, left: number | undefined): string {
  if (blockedBecause !== null) return `Cannot be decided here: ${blockedBecause}.`;
  return left === undefined ? "" : "Expires if not decided.";
}
