import { CloseButton } from "@mantine/core";
import type { ReactNode } from "react";
import { kindOfRun, type RunKind } from "../../electron/contract/runs.ts";
import { titleOf } from "../../electron/model/catalogue/catalogue.ts";
import type { RunView } from "../../electron/model/run-view.ts";
import type { TelemetrySpan } from "../../electron/model/telemetry.ts";
import type { SpanKey } from "../state/interaction-store.ts";
import { usePreferences } from "../state/lab-context.tsx";
import type { RunRecord } from "../state/run-record.ts";
import { Facts } from "../ui/facts.tsx";
import { EventDetails } from "./event-details.tsx";
import classes from "./inspector.module.css";
import { SpanDetails } from "./span-details.tsx";

interface InspectorProps {
  record: RunRecord;
  version: number;
  view: RunView;
  selectedSeq: number | undefined;
  selectedSpan: SpanKey | undefined;
  onSelect: (seq: number | undefined) => void;
}

const NAMES: Readonly<Record<RunKind, string>> = {
  scenario: "run",
  manual: "run",
  session: "session",
  trace: "trace",
  evaluation: "evaluation",
};

/** Details of the selection; without a selection, of the run. */
export function Inspector({ record, view, selectedSeq, selectedSpan, onSelect }: InspectorProps) {
  const event = selectedSeq === undefined ? undefined : record.event(selectedSeq);
  const sent = selectedSpan && spanOf(record, selectedSpan);
  const isSelected = event !== undefined || sent !== undefined;
  const setPreference = usePreferences((state) => state.set);
  const kind = kindOfRun(view.started?.scenario.id ?? "");
  return (
    <aside className={classes.inspector} aria-label="Inspector">
      <header>
        <h2>{event !== undefined ? titleOf(event) : sent !== undefined ? "Span" : `About this ${NAMES[kind]}`}</h2>
        <CloseButton
          size="sm"
          aria-label={isSelected ? "Clear the selection" : "Hide the inspector"}
          onClick={() => (isSelected ? onSelect(undefined) : setPreference({ showsInspector: false }))}
        />
      </header>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: scrollable content must be reachable by keyboard */}
      <section className={classes.content} tabIndex={0} aria-label="Details">
        {!isSelected && <AboutRun view={view} />}
        {event !== undefined && <EventDetails event={event} view={record.view} onSelect={onSelect} />}
        {sent !== undefined && (
          <SpanDetails key={sent.spanId} span={sent} record={record} isBelow={event !== undefined} />
        )}
      </section>
    </aside>
  );
}

function spanOf({ telemetry }: RunRecord, { traceId, spanId }: SpanKey): TelemetrySpan | undefined {
  return telemetry.spans.find((span) => span.spanId === spanId && span.traceId === traceId);
}

function AboutRun({ view }: { view: RunView }) {
  const { started, ended, faults, warnings } = view;
  if (started === undefined) return null;
  const { scenario } = started;
  const applied = faults.filter(({ status }) => status !== "refused");
  const isWithoutScenario = ["trace", "session", "evaluation"].includes(kindOfRun(scenario.id));
  const ofScenario: [string, ReactNode][] = [
    ["Scenario", <code key="id">{scenario.id}</code>],
    ["Patterns", scenario.patterns.join(", ") || "none"],
    ["Protections off", started.without.join(", ") || "none"],
    ["Faults", applied.map(({ name }) => name).join(", ") || "none at this moment"],
    ["Restored", `${applied.filter(({ status }) => status === "restored").length} of ${applied.length}`],
  ];
  return (
    <>
      {scenario.summary !== undefined && <p>{scenario.summary}</p>}
      <Facts
        facts={[
          ["Result", ended === undefined ? "in progress at this moment" : ended.reason],
          ...(isWithoutScenario ? [] : ofScenario),
          ["Recorded", started.raw ? "raw: not redacted, cannot be exported" : "with secrets redacted"],
          ["Warnings", warnings.length === 0 ? "none" : warnings.map(({ event }) => event.message).join("; ")],
          ["Run", <code key="run">{started.runId}</code>],
          ["Lab", started.labVersion],
        ]}
      />
      <p className={classes.hint}>Select anything on the time axis or in a list to see its details.</p>
    </>
  );
}
