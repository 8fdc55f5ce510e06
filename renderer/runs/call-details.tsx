import type { RunView } from "../../electron/model/run-view.ts";
import { type CallEnd, isOpen, lastKnownMs, overlaps, type Span } from "../../electron/model/span.ts";
import { clockTime, formatDuration } from "../ui/times.ts";
import { ToneBadge } from "../ui/tone-mark.tsx";
import { DecisionChain } from "./decision-chain.tsx";
import { Facts } from "./facts.tsx";
import { InForce } from "./in-force.tsx";
import classes from "./inspector.module.css";
import { JsonBlock } from "./json-block.tsx";

interface CallDetailsProps {
  call: Span<"call">;
  view: RunView;
  /** Of the decision that was chosen. */
  selectedSeq: number;
  onSelect: (seq: number | undefined) => void;
}

export function CallDetails({ call, view, selectedSeq, onSelect }: CallDetailsProps) {
  const { startMs, attributes } = call;
  const { decisions, traceId, spanId } = attributes;
  const approval = view.approvals.find(({ attributes: { callId } }) => callId === attributes.callId);
  const response = responseOf(view, call);
  const endMs = lastKnownMs(call);
  return (
    <>
      <p className={classes.chain}>
        <DecisionChain call={call} />
      </p>
      <h3>Arguments</h3>
      <JsonBlock value={attributes.arguments} label="Arguments" />
      <h3>Decisions</h3>
      <ol className={classes.decisions}>
        {decisions.map(({ seq, event: { decision, reason, durationMs, decidedWallMs } }) => (
          <li key={seq} data-selected={seq === selectedSeq || undefined}>
            <button type="button" onClick={() => onSelect(seq)}>
              <ToneBadge tone={decision}>{decision}</ToneBadge>
            </button>
            <span>
              {reason}
              <small>
                {formatDuration(durationMs)} after the request came, at {clockTime(decidedWallMs, Date.now())}
              </small>
            </span>
          </li>
        ))}
      </ol>
      {response !== undefined && (
        <>
          <h3>Response</h3>
          <JsonBlock value={response} label="Response" />
        </>
      )}
      <Facts
        facts={[
          ["Began", formatDuration(startMs)],
          ["Lasted", formatDuration(endMs - startMs)],
          ...endFacts(attributes.end),
          ...(approval === undefined
            ? []
            : [
                [
                  "Waited",
                  isOpen(approval) ? "still waiting" : formatDuration(approval.endMs - approval.startMs),
                ] as const,
              ]),
          ["Backend", attributes.backend || "none"],
          ["Session", <code key="session">{attributes.sessionId}</code>],
          ["Turn", <code key="turn">{attributes.turnId}</code>],
          ["Trace", traceId === "" ? "none" : <code key="trace">{traceId}</code>],
          ["Span", spanId === "" ? "none" : <code key="span">{spanId}</code>],
        ]}
      />
      <InForce view={view} atMs={endMs} />
    </>
  );
}

function endFacts(end: CallEnd | undefined): (readonly [string, string])[] {
  if (end === undefined) return [["Ended", "not known"]];
  return [
    ["Ended", end.error === undefined ? end.outcome : `${end.outcome}: ${end.error}`],
    ["Sent to the backend", end.attempts === 1 ? "once" : `${end.attempts} times`],
    ["Bytes", `${end.requestBytes} of the request, ${end.replyBytes} of the reply`],
  ];
}

/** What the caller got, from the step that made the call: the audit log itself keeps no answers. */
function responseOf(view: RunView, call: Span<"call">): unknown {
  for (const step of view.steps) {
    const { output, kind } = step.attributes;
    if (typeof output !== "object" || output === null) continue;
    if (!overlaps(step, call.startMs, lastKnownMs(call))) continue;
    if ("calls" in output && Array.isArray(output.calls)) {
      const sameTool = view.calls.filter(
        (each) =>
          each.name === call.name && each.attributes.turnId === call.attributes.turnId && each.startMs <= call.startMs,
      );
      const answers = output.calls.filter((each: unknown) => isRecord(each) && each.tool === call.name);
      const answer: unknown = answers[sameTool.length - 1];
      if (isRecord(answer)) return answer.text ?? answer.error ?? answer.outcome;
    } else if (kind === "call" && step.name.includes(call.name)) {
      return output;
    }
  }
  return undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
