import { useState } from "react";
import { formatSpanDuration } from "../../electron/model/duration.ts";
import type { TelemetrySpan } from "../../electron/model/telemetry.ts";
import type { RunRecord } from "../state/run-record.ts";
import { BriefText } from "../ui/brief-text.tsx";
import { Facts } from "../ui/facts.tsx";
import { SearchBox } from "../ui/search-box.tsx";
import { formatDuration } from "../ui/times.ts";
import classes from "./inspector.module.css";
import { logsAround, type SpanLog } from "./span-logs.ts";
import { TraceButton } from "./trace-button.tsx";

interface SpanDetailsProps {
  span: TelemetrySpan;
  record: RunRecord;
  /** Below the details of the call that it is. */
  isBelow: boolean;
}

const JOINED: Record<TelemetrySpan["joinedBy"], string> = {
  trace: "by its trace",
  run: "by the run that it names",
  time: "by its time alone: a guess",
};

/** What a service sent of a span, and what it logged meanwhile. */
export function SpanDetails({ span, record, isBelow }: SpanDetailsProps) {
  const [search, setSearch] = useState("");
  const zeroUs = zeroOf(record) * 1_000;
  const ms = (us: number) => (us - zeroUs) / 1_000;
  const { startUs, endUs, attributes, events, statusMessage } = span;
  const wanted = search.trim().toLowerCase();
  const found = Object.entries(attributes)
    .map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)] as const)
    .filter(([name, value]) => `${name} ${value}`.toLowerCase().includes(wanted));
  const logs = logsAround(span, record);
  return (
    <>
      {isBelow && <h3>Span of {span.service || "a service without a name"}</h3>}
      <Facts
        facts={[
          ["Name", span.name],
          ["Service", span.service || "not said"],
          ["Kind", span.kind],
          ["Status", span.isError ? `error${statusMessage && `: ${statusMessage}`}` : "no error"],
          ["Started", formatDuration(ms(startUs))],
          ["Duration", endUs === undefined ? "has not ended" : formatSpanDuration((endUs - startUs) / 1_000)],
          ["In this run", JOINED[span.joinedBy]],
          ["Trace", <TraceButton key="trace" traceId={span.traceId} />],
          ["Span", <code key="span">{span.spanId}</code>],
          ["Parent", span.parentId === undefined ? "none" : <code key="parent">{span.parentId}</code>],
        ]}
      />
      <h3>Attributes</h3>
      <SearchBox label="Search the attributes" value={search} onChange={setSearch} />
      {found.length === 0 && <p className={classes.hint}>No matches</p>}
      <dl className={classes.attributes}>
        {found.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              <BriefText text={value} of={name} />
            </dd>
          </div>
        ))}
      </dl>
      {events.length > 0 && (
        <>
          <h3>Events</h3>
          <Lines
            lines={events.map(({ name, atUs, attributes: more }) => ({
              atMs: ms(atUs),
              severity: name,
              text: Object.keys(more).length === 0 ? "" : JSON.stringify(more),
            }))}
          />
        </>
      )}
      <h3>Logs of {span.service || "the service"} at that time</h3>
      {logs.length === 0 ? <p className={classes.hint}>None</p> : <Lines lines={logs} />}
    </>
  );
}

function Lines({ lines }: { lines: readonly SpanLog[] }) {
  return (
    <ol className={classes.lines}>
      {lines.map(({ atMs, severity, text }, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the same line may come twice, and lines never move
        <li key={index}>
          <small>
            {formatDuration(atMs)}
            {severity && ` ${severity}`}
          </small>{" "}
          {text}
        </li>
      ))}
    </ol>
  );
}

/** Time of day at which the run's clock was zero, in milliseconds. */
function zeroOf({ view }: RunRecord): number {
  return view.started === undefined ? 0 : view.started.wallMs - view.started.atMs;
}
