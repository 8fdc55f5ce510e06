import { IconCheck, IconX } from "@tabler/icons-react";
import { useState } from "react";
import type { WaitingApproval } from "../../electron/contract/approvals.ts";
import { failureText } from "../lab-client/lab-failure.ts";
import { useLab, useStores } from "../state/lab-context.tsx";
import { notify } from "../state/notify.tsx";
import { ReasonedButton } from "../ui/reasoned-button.tsx";
import classes from "./approval-buttons.module.css";

type Decision = "approve" | "deny";
type Answer =
  | { is: "open" }
  | { is: "sending"; decision: Decision }
  /** The gateway has accepted it; the ticket is about to disappear. */
  | { is: "taken"; decision: Decision }
  | { is: "failed"; message: string };

/** The two decisions on a waiting call, and why one was not taken. */
export function ApprovalButtons({ approval }: { approval: WaitingApproval }) {
  const { ticket, tool, blockedBecause } = approval;
  const { client } = useStores();
  const isConnected = useLab((state) => state.connection.is === "connected");
  const [answer, setAnswer] = useState<Answer>({ is: "open" });
  const decide = async (decision: Decision) => {
    setAnswer({ is: "sending", decision });
    try {
      const { message } = await client.call.approvals.decide({ ticket, decision });
      notify(message);
      setAnswer({ is: "taken", decision });
    } catch (error) {
      setAnswer({ is: "failed", message: failureText(error) });
    }
  };
  const because = isConnected ? (blockedBecause ?? whyNotAgain(answer)) : "The lab cannot be reached";
  const isSending = (decision: Decision) => answer.is === "sending" && answer.decision === decision;
  return (
    <>
      <div className={classes.buttons}>
        <ReasonedButton
          color="#237a36"
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
      {answer.is === "failed" && (
        <p className={classes.failed} role="alert">
          Not decided: {answer.message}
        </p>
      )}
    </>
  );
}

function whyNotAgain(answer: Answer): string | undefined {
  if (answer.is === "sending") return "Sending your decision";
  if (answer.is === "taken") return answer.decision === "approve" ? "Approved" : "Denied";
  return undefined;
}
