import { IconAlertTriangle, IconPlayerPlay, IconUserCheck } from "@tabler/icons-react";
import { useEffect, useRef } from "react";
import type { WaitingApprovals } from "../../electron/contract/approvals.ts";
import { useLabActions } from "../state/lab-actions.ts";
import { useLab } from "../state/lab-context.tsx";
import { whyNotRun } from "../state/why-not-run.ts";
import { ReasonedButton } from "../ui/reasoned-button.tsx";
import { Empty, Loading } from "../ui/states.tsx";
import { ApprovalCard } from "./approval-card.tsx";
import classes from "./approvals-page.module.css";
import { DecidedTable } from "./decided-table.tsx";

/** Calls waiting for approval and past decisions, over all runs. */
export default function ApprovalsPage() {
  const approvals = useLab((state) => state.lab?.approvals);
  const title = useRef<HTMLHeadingElement>(null);
  const count = approvals?.waiting.length ?? 0;

  // A removed card loses the focus: it moves to the heading and not to the top of the window.
  // biome-ignore lint/correctness/useExhaustiveDependencies: checked whenever the number of cards changes
  useEffect(() => {
    if (document.activeElement === document.body) title.current?.focus();
  }, [count]);

  return (
    <div className={classes.page}>
      <h1 ref={title} tabIndex={-1}>
        Approvals
      </h1>
      <section aria-labelledby="waiting-title">
        <h2 id="waiting-title">Waiting now{count > 0 && <span role="status"> ({count})</span>}</h2>
        {approvals === undefined ? (
          <div className={classes.panel}>
            <Loading what="Loading approvals" />
          </div>
        ) : (
          <Waiting approvals={approvals} />
        )}
      </section>
      <section aria-labelledby="decided-title">
        <h2 id="decided-title">Decided</h2>
        <div className={classes.panel}>
          <DecidedTable />
        </div>
      </section>
    </div>
  );
}

/** The scenario that waits for the person at the window, offered on an empty page. */
const SCENARIO_THAT_ASKS = "audience-decides";

function Waiting({ approvals: { waiting, unknownBecause } }: { approvals: WaitingApprovals }) {
  const stack = useLab((state) => state.lab?.stack.state);
  const asking = useLab((state) => state.catalogue?.scenarios.find(({ id }) => id === SCENARIO_THAT_ASKS));
  const cannotRun = useLab(whyNotRun);
  const actions = useLabActions();
  // A stack that is down has no tickets: not an error.
  const isUnknown = unknownBecause !== null && stack === "up";
  return (
    <div className={classes.cards}>
      {isUnknown && (
        <p className={classes.unknown} role="alert">
          <IconAlertTriangle size={16} aria-hidden />
          <span>
            Waiting calls are unknown: {unknownBecause}.{waiting.length > 0 && " Below is the last known state."}
          </span>
        </p>
      )}
      {waiting.map((approval) => (
        <ApprovalCard key={approval.ticket} approval={approval} linksToRun />
      ))}
      {waiting.length === 0 && !isUnknown && (
        <div className={classes.panel}>
          <Empty title="No call waits for approval" icon={<IconUserCheck size={22} aria-hidden />}>
            <p>Calls that need approval appear here with the time left to decide.</p>
            {asking !== undefined && (
              <ReasonedButton
                leftSection={<IconPlayerPlay size={14} aria-hidden />}
                disabledBecause={
                  cannotRun ?? (asking.lacks === null ? undefined : `Not on this stack: ${asking.lacks}`)
                }
                hint={asking.summary}
                onClick={() => void actions.start([asking.id])}
              >
                Decide on a refund yourself
              </ReasonedButton>
            )}
          </Empty>
        </div>
      )}
    </div>
  );
}
