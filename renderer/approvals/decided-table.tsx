import { Button } from "@mantine/core";
import type { DecidedApproval } from "../../electron/contract/approvals.ts";
import { visibleLine } from "../../electron/model/visible-text.ts";
import { Failure } from "../state/notify.tsx";
import { formatRoute } from "../state/route.ts";
import { useLabNow } from "../state/use-now.ts";
import { BriefText } from "../ui/brief-text.tsx";
import { ReasonedButton } from "../ui/reasoned-button.tsx";
import { Empty, Loading } from "../ui/states.tsx";
import { ago, clockTime, formatDuration } from "../ui/times.ts";
import { ToneBadge } from "../ui/tone-mark.tsx";
import { argumentsInOneLine } from "./arguments-of.ts";
import classes from "./decided-table.module.css";
import { useDecided } from "./use-decided.ts";

const SHOWN_CHARACTERS = 200;

/** Past approvals, over all runs. */
export function DecidedTable() {
  const { decided, hasMore, failure, more, again } = useDecided();
  const nowMs = useLabNow(30_000);
  if (failure !== undefined) {
    return (
      <Failure title="Decisions could not be loaded" text={failure}>
        <ReasonedButton variant="default" onClick={again}>
          Try again
        </ReasonedButton>
      </Failure>
    );
  }
  if (decided === undefined) return <Loading what="Loading decisions" />;
  if (decided.length === 0) {
    return <Empty title="No decisions yet">Calls that are approved or denied, or that expire, are listed here.</Empty>;
  }
  return (
    <>
      <table className={classes.table}>
        <thead>
          <tr>
            <th>Result</th>
            <th>Call</th>
            <th>Run</th>
            <th>Session</th>
            <th data-number>Waited</th>
            <th>When</th>
          </tr>
        </thead>
        <tbody>
          {decided.map((each) => (
            <DecidedRow key={`${each.runId} ${each.callId}`} decided={each} nowMs={nowMs} />
          ))}
        </tbody>
      </table>
      {hasMore && (
        <Button variant="default" className={classes.more} onClick={more}>
          Show older
        </Button>
      )}
    </>
  );
}

function DecidedRow({ decided, nowMs }: { decided: DecidedApproval; nowMs: number }) {
  const { result, tool, runId, scenarioTitle, sessionId, requestedWallMs, decidedWallMs, reason } = decided;
  const line = argumentsInOneLine(decided.arguments);
  return (
    <tr>
      <td>
        <ToneBadge tone={result}>{result}</ToneBadge>
      </td>
      <td>
        <div className={classes.call}>
          <code>{tool}</code>
          <span title={line.slice(0, SHOWN_CHARACTERS * 5)}>{line.slice(0, SHOWN_CHARACTERS)}</span>
        </div>
        {reason !== "" && (
          <div className={classes.reason}>
            <BriefText text={reason} of="Reason" />
          </div>
        )}
      </td>
      <td>
        <a href={formatRoute({ at: "run", runId })}>{visibleLine(scenarioTitle)}</a>
      </td>
      <td>
        <code title={sessionId}>{sessionId.slice(0, 8)}</code>
      </td>
      <td data-number>
        {requestedWallMs === null ? "unknown" : formatDuration(Math.max(0, decidedWallMs - requestedWallMs))}
      </td>
      <td>
        <time dateTime={new Date(decidedWallMs).toISOString()} title={clockTime(decidedWallMs, nowMs)}>
          {ago(decidedWallMs, nowMs)}
        </time>
      </td>
    </tr>
  );
}
