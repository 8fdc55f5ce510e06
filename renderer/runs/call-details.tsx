import { isObject } from "../../electron/model/json.ts";
import type { RunView } from "../../electron/model/run-view.ts";
import { isOpen, lastedUntil, type Span } from "../../electron/model/span.ts";
import { BriefText } from "../ui/brief-text.tsx";
import { Facts } from "../ui/facts.tsx";
import { clockTime, formatDuration } from "../ui/times.ts";
import { ToneBadge } from "../ui/tone-mark.tsx";
import { DecisionChain } from "./decision-chain.tsx";
import { InForce } from "./in-force.tsx";
import classes from "./inspector.module.css";
import { JsonBlock } from "./json-block.tsx";
import { layOutJson } from "./lay-out-json.ts";
import { TraceButton } from "./trace-button.tsx";

interface CallDetailsProps {
  call: Span<"call">;
  view: RunView;
  /** Of the selected decision. */
  selectedSeq: number;
  onSelect: (seq: number | undefined) => void;
}

export function CallDetails({ call, view, selectedSeq, onSelect }: CallDetailsProps) {
  const { startMs, endMs, attributes } = call;
  const { decisions, traceId, spanId } = attributes;
  const approval = view.approvals.find(({ attributes: { callId } }) => callId === attributes.callId);
  const step = view.steps.find(({ id }) => id === call.parent);
  const response = responseOf(view, call, step);
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
              <BriefText text={reason} of="Reason" />
              <small>
                {formatDuration(durationMs)} after the request, at {clockTime(decidedWallMs, Date.now())}
              </small>
            </span>
          </li>
        ))}
      </ol>
      {response !== undefined && (
        <>
          <h3>Response</h3>
          <JsonBlock value={layOutJson(response)} label="Response" />
        </>
      )}
      <Facts
        facts={[
          ["Started", formatDuration(startMs)],
          ["Duration", isOpen(call) ? "in progress" : formatDuration(endMs - startMs)],
          ...endFacts(call),
          ...(approval === undefined
            ? []
            : [
                [
                  "Waited",
                  isOpen(approval) ? "still waiting" : formatDuration(approval.endMs - approval.startMs),
                ] as const,
              ]),
          ["Step", step === undefined ? "none" : <StepLink key="step" step={step} onSelect={onSelect} />],
          ["Backend", attributes.backend || "none"],
          ["Session", <code key="session">{attributes.sessionId}</code>],
          ["Turn", <code key="turn">{attributes.turnId}</code>],
          ["Trace", traceId === "" ? "none" : <TraceButton key="trace" traceId={traceId} />],
          ["Span", spanId === "" ? "none" : <code key="span">{spanId}</code>],
        ]}
      />
      <InForce view={view} atMs={lastedUntil(call, view.lastMs)} />
    </>
  );
}

function StepLink({ step, onSelect }: { step: Span<"step">; onSelect: (seq: number) => void }) {
  return (
    <button type="button" className={classes.link} onClick={() => onSelect(step.seq)}>
      {step.name}
    </button>
  );
}

function endFacts(call: Span<"call">): (readonly [string, string])[] {
  const { end } = call.attributes;
  if (end === undefined) return [["Ended", isOpen(call) ? "in progress" : "unknown"]];
  return [
    ["Ended", end.error === undefined ? end.outcome : `${end.outcome}: ${end.error}`],
    ["Attempts", String(end.attempts)],
    ["Bytes", `request ${end.requestBytes}, reply ${end.replyBytes}`],
  ];
}

/** The caller's response, from the output of its step: the audit log has no responses. */
function responseOf(view: RunView, call: Span<"call">, step: Span<"step"> | undefined): unknown {
  const { output, kind } = step?.attributes ?? {};
  if (!isObject(output)) return undefined;
  if (Array.isArray(output.calls)) {
    const sameTool = view.calls.filter(
      (each) =>
        each.name === call.name && each.attributes.turnId === call.attributes.turnId && each.startMs <= call.startMs,
    );
    const answers = output.calls.filter((each: unknown) => isObject(each) && each.tool === call.name);
    const answer: unknown = answers[sameTool.length - 1];
    return isObject(answer) ? (answer.text ?? answer.error ?? answer.outcome) : undefined;
  }
  return kind === "call" ? output : undefined;
}
