import { CloseButton } from "@mantine/core";
import type { CallView, FaultView, RunView } from "../../electron/model/fold.ts";
import type { EventOf, LabEvent } from "../../electron/model/lab-event.ts";
import { clockTime, formatDuration } from "../app/times.ts";
import { ToneBadge, ToneWord } from "../app/tone-mark.tsx";
import { usePreferences } from "../state/lab-context.tsx";
import { CheckDetails } from "./check-details.tsx";
import { DecisionChain } from "./decision-chain.tsx";
import { describeEvent } from "./describe-event.ts";
import { Facts } from "./facts.tsx";
import classes from "./inspector.module.css";
import { JsonBlock } from "./json-block.tsx";
import { faultsInForceAt } from "./moment.ts";
import type { RunRecord } from "./run-record.ts";

interface InspectorProps {
  record: RunRecord;
  version: number;
  view: RunView;
  selectedSeq: number | undefined;
  onSelect: (seq: number | undefined) => void;
}

/** All that is known of what is selected. With nothing selected, what this run is about. */
export function Inspector({ record, view, selectedSeq, onSelect }: InspectorProps) {
  const event = selectedSeq === undefined ? undefined : record.event(selectedSeq);
  const setPreference = usePreferences((state) => state.set);
  return (
    <aside className={classes.inspector} aria-label="Inspector">
      <header>
        <h2>{event === undefined ? "About this run" : TITLES[event.type]}</h2>
        <CloseButton
          size="sm"
          aria-label={event === undefined ? "Hide the inspector" : "Select nothing"}
          onClick={() => (event === undefined ? setPreference({ showsInspector: false }) : onSelect(undefined))}
        />
      </header>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section className={classes.content} tabIndex={0} aria-label="Details">
        {event === undefined ? <AboutRun view={view} /> : <Details event={event} record={record} onSelect={onSelect} />}
      </section>
    </aside>
  );
}

const TITLES: Record<LabEvent["type"], string> = {
  "run.started": "Start of the run",
  "phase.started": "Phase",
  "step.started": "Step",
  "step.ended": "Step",
  "health.changed": "Health",
  "service.log": "Log line",
  "service.logs-dropped": "Lines not kept",
  "fault.intended": "Fault",
  "fault.applied": "Fault",
  "fault.hit": "A request met a fault",
  "fault.undone": "Fault",
  "call.decided": "Tool call",
  "call.ended": "End of a tool call",
  "check.evaluated": "Check",
  warning: "Warning",
  "run.ended": "End of the run",
};

function AboutRun({ view }: { view: RunView }) {
  const { started, ended, faults, warnings } = view;
  if (started === undefined) return null;
  const { scenario } = started;
  const applied = faults.filter(({ result }) => result !== "refused");
  return (
    <>
      {scenario.summary !== undefined && <p>{scenario.summary}</p>}
      <Facts
        facts={[
          ["Result", ended === undefined ? "not ended at this moment" : ended.reason],
          ["Patterns", scenario.patterns.join(", ") || "none named"],
          ["Protections off", started.without.join(", ") || "none"],
          [
            "Recorded",
            started.raw ? "raw: secrets are not redacted, and it cannot be exported" : "with secrets redacted",
          ],
          ["Broken", applied.map(({ kind, target }) => `${kind} ${target}`).join(", ") || "nothing at this moment"],
          ["Put back", `${applied.filter(({ result }) => result === "restored").length} of ${applied.length}`],
          ["Warnings", warnings.length === 0 ? "none" : warnings.map(({ message }) => message).join("; ")],
          ["Scenario", <code key="id">{scenario.id}</code>],
          ["Run", <code key="run">{started.runId}</code>],
          ["Lab", started.labVersion],
        ]}
      />
      <p className={classes.hint}>Choose anything on the time axis or in a list to see all that is known of it.</p>
    </>
  );
}

interface DetailsProps {
  event: LabEvent;
  record: RunRecord;
  onSelect: (seq: number | undefined) => void;
}

/** What happened is looked up in the whole log, not in the moment shown: how it ended belongs to what it was. */
function Details({ event, record, onSelect }: DetailsProps) {
  const { view } = record;
  switch (event.type) {
    case "call.decided":
      return <CallDetails row={event} view={view} onSelect={onSelect} />;
    case "step.started":
    case "step.ended":
      return <StepDetails event={event} view={view} />;
    case "fault.intended":
    case "fault.applied":
    case "fault.undone":
      return <FaultDetails event={event} view={view} />;
    case "check.evaluated":
      return <CheckDetails event={event} />;
    case "health.changed":
      return (
        <>
          <Facts
            facts={[
              ["Service", <b key="service">{event.service}</b>],
              [
                "Was",
                <ToneWord key="was" tone={event.from}>
                  {event.from}
                </ToneWord>,
              ],
              [
                "Became",
                <ToneWord key="became" tone={event.to}>
                  {event.to}
                </ToneWord>,
              ],
              ["Why", event.reason],
              ["At", formatDuration(event.atMs)],
              ["Probe took", event.latencyMs === undefined ? "unknown" : `${event.latencyMs.toFixed(1)} ms`],
            ]}
          />
          <InForce view={view} atMs={event.atMs} />
        </>
      );
    case "service.log":
      return (
        <>
          <Facts
            facts={[
              ["Service", event.service],
              ["Stream", event.stream],
              ["At", formatDuration(event.atMs)],
              ["Clock", clockTime(event.wallMs, Date.now())],
            ]}
          />
          <JsonBlock value={event.line} label="Log line" />
          <InForce view={view} atMs={event.atMs} />
        </>
      );
    case "fault.hit":
      return (
        <>
          <Facts
            facts={[
              ["Link", event.link],
              ["Effect", event.effect],
              ["Method", event.method ?? "unknown"],
              ["Tool", event.tool ?? "none"],
              ["At", formatDuration(event.atMs)],
              ["Trace", event.traceId === undefined ? "none" : <code key="trace">{event.traceId}</code>],
            ]}
          />
          <InForce view={view} atMs={event.atMs} />
        </>
      );
    default:
      return (
        <Facts
          facts={[
            ["At", formatDuration(event.atMs)],
            ["What", describeEvent(event).text],
          ]}
        />
      );
  }
}

function CallDetails({
  row,
  view,
  onSelect,
}: {
  row: EventOf<"call.decided">;
  view: RunView;
  onSelect: DetailsProps["onSelect"];
}) {
  const call: CallView | undefined = view.calls.find(({ callId }) => callId === row.callId);
  if (call === undefined) return null;
  const approval = view.approvals.find(({ callId }) => callId === row.callId);
  const response = responseOf(view, call);
  return (
    <>
      <p className={classes.chain}>
        <DecisionChain tool={call.tool} decisions={call.decisions.map(({ decision }) => decision)} />
      </p>
      <h3>Arguments</h3>
      <JsonBlock value={call.arguments} label="Arguments" />
      <h3>Decisions</h3>
      <ol className={classes.decisions}>
        {call.decisions.map(({ seq, decision, reason, durationMs, decidedWallMs }) => (
          <li key={seq} data-selected={seq === row.seq || undefined}>
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
          ["Began", formatDuration(call.startMs)],
          ["Lasted", formatDuration(call.endMs - call.startMs)],
          ...(approval === undefined
            ? []
            : [
                [
                  "Waited",
                  approval.endMs === undefined ? "still waiting" : formatDuration(approval.endMs - approval.startMs),
                ] as const,
              ]),
          ["Backend", call.backend || "none"],
          ["Session", <code key="session">{call.sessionId}</code>],
          ["Turn", <code key="turn">{call.turnId}</code>],
          ["Trace", row.traceId === "" ? "none" : <code key="trace">{row.traceId}</code>],
          ["Span", row.spanId === "" ? "none" : <code key="span">{row.spanId}</code>],
        ]}
      />
      <InForce view={view} atMs={call.endMs} />
    </>
  );
}

/** What the caller got, from the step that made the call: the audit log itself keeps no answers. */
function responseOf(view: RunView, call: CallView): unknown {
  for (const step of view.steps) {
    const output = step.output;
    if (typeof output !== "object" || output === null) continue;
    if (step.startMs > call.endMs || (step.endMs ?? Number.POSITIVE_INFINITY) < call.startMs) continue;
    if ("calls" in output && Array.isArray(output.calls)) {
      const sameTool = view.calls.filter(
        (each) => each.tool === call.tool && each.turnId === call.turnId && each.startMs <= call.startMs,
      );
      const answers = output.calls.filter((each: unknown) => isRecord(each) && each.tool === call.tool);
      const answer: unknown = answers[sameTool.length - 1];
      if (isRecord(answer)) return answer.text ?? answer.error ?? answer.outcome;
    } else if (step.kind === "call" && step.label.includes(call.tool)) {
      return output;
    }
  }
  return undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function StepDetails({ event, view }: { event: EventOf<"step.started"> | EventOf<"step.ended">; view: RunView }) {
  const step = view.steps.find((each) => each.step === event.step);
  if (step === undefined) return null;
  return (
    <>
      <Facts
        facts={[
          ["Step", <b key="label">{step.label}</b>],
          ["Kind", step.kind],
          ["Background", step.background ? "yes: the next step did not wait for it" : "no"],
          ["Began", formatDuration(step.startMs)],
          ["Lasted", step.endMs === undefined ? "still going on" : formatDuration(step.endMs - step.startMs)],
          ["Outcome", step.outcome ?? "not ended"],
        ]}
      />
      {step.error !== undefined && (
        <>
          <h3>Error</h3>
          <JsonBlock value={step.error} label="Error" />
        </>
      )}
      {step.output !== undefined && (
        <>
          <h3>Output</h3>
          <JsonBlock value={step.output} label="Output" />
        </>
      )}
      <InForce view={view} atMs={step.endMs ?? view.lastMs} />
    </>
  );
}

function FaultDetails({ event, view }: { event: { fault: string }; view: RunView }) {
  const fault = view.faults.find((each) => each.fault === event.fault);
  if (fault === undefined) return null;
  const { kind, target, undo, intendedMs, appliedMs, undoneMs, result, detail, hits } = fault;
  return (
    <Facts
      facts={[
        ["Fault", <ToneBadge key="fault" tone="fault">{`${kind} ${target}`}</ToneBadge>],
        ["Intended", `${formatDuration(intendedMs)}; written down before anything was touched`],
        [
          "Applied",
          appliedMs === undefined
            ? "never"
            : `${formatDuration(appliedMs)}, ${formatDuration(appliedMs - intendedMs)} later`,
        ],
        ["In force", inForceFor(fault)],
        ["Undo", undo],
        ["Undone", undoneMs === undefined ? "not yet" : formatDuration(undoneMs)],
        ["Result", result ?? "still in force"],
        ["Detail", detail ?? ""],
        ...(hits > 0 ? [["Requests hit", String(hits)] as const] : []),
      ]}
    />
  );
}

function inForceFor({ appliedMs, undoneMs }: FaultView): string {
  if (appliedMs === undefined) return "never";
  return undoneMs === undefined ? "still" : formatDuration(undoneMs - appliedMs);
}

/** Which faults were in force then: what explains most of what is looked at. */
function InForce({ view, atMs }: { view: RunView; atMs: number }) {
  const faults = faultsInForceAt(view.faults, atMs);
  return (
    <>
      <h3>Fault in force then</h3>
      {faults.length === 0 ? (
        <p className={classes.hint}>None.</p>
      ) : (
        <ul className={classes.faults}>
          {faults.map(({ fault, kind, target, intendedMs, undoneMs }) => (
            <li key={fault}>
              <ToneBadge tone="fault">{`${kind} ${target}`}</ToneBadge> from {formatDuration(intendedMs)}{" "}
              {undoneMs === undefined ? "on" : `to ${formatDuration(undoneMs)}`}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
