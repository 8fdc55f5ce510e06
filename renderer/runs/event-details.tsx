import type { ReactNode } from "react";
import { describeEvent, subjectOf } from "../../electron/model/catalogue/catalogue.ts";
import type { LabEvent } from "../../electron/model/lab-event.ts";
import type { RunView } from "../../electron/model/run-view.ts";
import type { Instant, Span } from "../../electron/model/span.ts";
import { Facts } from "../ui/facts.tsx";
import { clockTime, formatDuration } from "../ui/times.ts";
import { ToneWord } from "../ui/tone-mark.tsx";
import { CallDetails } from "./call-details.tsx";
import { CheckDetails } from "./check-details.tsx";
import { FaultDetails } from "./fault-details.tsx";
import { InForce } from "./in-force.tsx";
import { JsonBlock } from "./json-block.tsx";
import { layOutJson } from "./lay-out-json.ts";
import { StepDetails } from "./step-details.tsx";
import { WireCallDetails } from "./wire-call-details.tsx";

interface EventDetailsProps {
  event: LabEvent;
  /** The newest view: details include the end of a span at any moment shown. */
  view: RunView;
  onSelect: (seq: number | undefined) => void;
}

/** Details of the span or instant that an event belongs to. */
export function EventDetails({ event, view, onSelect }: EventDetailsProps): ReactNode {
  const subject = subjectOf(event, view);
  switch (subject?.kind) {
    case "call":
      return <CallDetails call={subject} view={view} selectedSeq={event.seq} onSelect={onSelect} />;
    case "wire":
      return <WireCallDetails call={subject} view={view} onSelect={onSelect} />;
    case "step":
      return <StepDetails step={subject} view={view} onSelect={onSelect} />;
    case "fault":
      return <FaultDetails fault={subject} view={view} />;
    case "check":
      return <CheckDetails check={subject} />;
    case "health":
      return <HealthDetails health={subject} view={view} />;
    case "log":
      return <LogDetails line={subject} view={view} />;
    case "hit":
      return <HitDetails hit={subject} view={view} />;
    default:
      return (
        <Facts
          facts={[
            ["At", formatDuration(event.atMs)],
            ["Event", describeEvent(event).text],
          ]}
        />
      );
  }
}

function HealthDetails({ health, view }: { health: Span<"health">; view: RunView }) {
  const { name, status, startMs, attributes } = health;
  const { from, reason, latencyMs } = attributes;
  return (
    <>
      <Facts
        facts={[
          ["Service", <b key="service">{name}</b>],
          [
            "From",
            <ToneWord key="was" tone={from}>
              {from}
            </ToneWord>,
          ],
          [
            "To",
            <ToneWord key="became" tone={status}>
              {status}
            </ToneWord>,
          ],
          ["Reason", reason],
          ["At", formatDuration(startMs)],
          ["Probe latency", latencyMs === undefined ? "unknown" : `${latencyMs.toFixed(1)} ms`],
        ]}
      />
      <InForce view={view} atMs={startMs} />
    </>
  );
}

function LogDetails({ line: { atMs, event }, view }: { line: Instant<"log">; view: RunView }) {
  return (
    <>
      <Facts
        facts={[
          ["Service", event.service],
          ["Stream", event.stream],
          ["At", formatDuration(atMs)],
          ["Clock", clockTime(event.wallMs, Date.now())],
        ]}
      />
      <JsonBlock value={layOutJson(event.line)} label="Log line" />
      <InForce view={view} atMs={atMs} />
    </>
  );
}

function HitDetails({ hit: { atMs, event }, view }: { hit: Instant<"hit">; view: RunView }) {
  return (
    <>
      <Facts
        facts={[
          ["Link", event.link],
          ["Effect", event.effect],
          ["Method", event.method ?? "unknown"],
          ["Tool", event.tool ?? "none"],
          ["At", formatDuration(atMs)],
          ["Trace", event.traceId === undefined ? "none" : <code key="trace">{event.traceId}</code>],
        ]}
      />
      <InForce view={view} atMs={atMs} />
    </>
  );
}
