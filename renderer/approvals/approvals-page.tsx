import { IconAlertTriangle, IconUserCheck } from "@tabler/icons-react";
import { useEffect, useRef } from "react";
import type { WaitingApprovals } from "../../electron/contract/approvals.ts";
import { useLab } from "../state/lab-context.tsx";
import { formatRoute } from "../state/route.ts";
import { Empty, Loading } from "../ui/states.tsx";
import { ApprovalCard } from "./approval-card.tsx";
import classes from "./approvals-page.module.css";
import { DecidedTable } from "./decided-table.tsx";

/** What waits for a person, over all runs, and what persons have decided. */
export default function ApprovalsPage() {
  const approvals = useLab((state) => state.lab?.approvals);
  const title = useRef<HTMLHeadingElement>(null);
  const count = approvals?.waiting.length ?? 0;

  // A card that has gone takes the focus with it: it goes on from the heading and not from the top of the window.
  // biome-ignore lint/correctness/useExhaustiveDependencies: looked at whenever a card has come or gone
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
            <Loading what="Asking the lab what waits" />
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

/** A scenario in which a person is asked: what an empty page can offer. */
const SCENARIO_THAT_ASKS = "approval-granted";

function Waiting({ approvals: { waiting, unknownBecause } }: { approvals: WaitingApprovals }) {
  const stack = useLab((state) => state.lab?.stack.state);
  const asking = useLab((state) => state.catalogue?.scenarios.find(({ id }) => id === SCENARIO_THAT_ASKS)?.title);
  // A stack that is down has no tickets to read, and that is no trouble.
  const isUnknown = unknownBecause !== null && stack === "up";
  return (
    <div className={classes.cards}>
      {isUnknown && (
        <p className={classes.unknown} role="alert">
          <IconAlertTriangle size={16} aria-hidden />
          <span>
            What waits is not known: {unknownBecause}.
            {waiting.length > 0 && " Below is what waited when it was last read."}
          </span>
        </p>
      )}
      {waiting.map((approval) => (
        <ApprovalCard key={approval.ticket} approval={approval} linksToRun />
      ))}
      {waiting.length === 0 && !isUnknown && (
        <div className={classes.panel}>
          <Empty title="No call waits for a person" icon={<IconUserCheck size={22} aria-hidden />}>
            A call that the gateway's policy holds for approval appears here, with the time that is left to decide it.{" "}
            <a href={formatRoute({ at: "lab" })}>Run a scenario that asks</a>
            {asking !== undefined && <>, such as “{asking}”</>}.
          </Empty>
        </div>
      )}
    </div>
  );
}
