import { CloseButton } from "@mantine/core";
import { titleOf } from "../../electron/model/catalogue/catalogue.ts";
import type { RunView } from "../../electron/model/run-view.ts";
import { usePreferences } from "../state/lab-context.tsx";
import type { RunRecord } from "../state/run-record.ts";
import { Facts } from "../ui/facts.tsx";
import { EventDetails } from "./event-details.tsx";
import classes from "./inspector.module.css";

interface InspectorProps {
  record: RunRecord;
  version: number;
  view: RunView;
  selectedSeq: number | undefined;
  onSelect: (seq: number | undefined) => void;
}

/** Details of the selection; without a selection, of the run. */
export function Inspector({ record, view, selectedSeq, onSelect }: InspectorProps) {
  const event = selectedSeq === undefined ? undefined : record.event(selectedSeq);
  const setPreference = usePreferences((state) => state.set);
  return (
    <aside className={classes.inspector} aria-label="Inspector">
      <header>
        <h2>{event === undefined ? "About this run" : titleOf(event)}</h2>
        <CloseButton
          size="sm"
          aria-label={event === undefined ? "Hide the inspector" : "Clear the selection"}
          onClick={() => (event === undefined ? setPreference({ showsInspector: false }) : onSelect(undefined))}
        />
      </header>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: scrollable content must be reachable by keyboard */}
      <section className={classes.content} tabIndex={0} aria-label="Details">
        {event === undefined ? (
          <AboutRun view={view} />
        ) : (
          <EventDetails event={event} view={record.view} onSelect={onSelect} />
        )}
      </section>
    </aside>
  );
}

function AboutRun({ view }: { view: RunView }) {
  const { started, ended, faults, warnings } = view;
  if (started === undefined) return null;
  const { scenario } = started;
  const applied = faults.filter(({ status }) => status !== "refused");
  return (
    <>
      {scenario.summary !== undefined && <p>{scenario.summary}</p>}
      <Facts
        facts={[
          ["Result", ended === undefined ? "in progress at this moment" : ended.reason],
          ["Patterns", scenario.patterns.join(", ") || "none"],
          ["Protections off", started.without.join(", ") || "none"],
          ["Recorded", started.raw ? "raw: not redacted, cannot be exported" : "with secrets redacted"],
          ["Faults", applied.map(({ name }) => name).join(", ") || "none at this moment"],
          ["Restored", `${applied.filter(({ status }) => status === "restored").length} of ${applied.length}`],
          ["Warnings", warnings.length === 0 ? "none" : warnings.map(({ event }) => event.message).join("; ")],
          ["Scenario", <code key="id">{scenario.id}</code>],
          ["Run", <code key="run">{started.runId}</code>],
          ["Lab", started.labVersion],
        ]}
      />
      <p className={classes.hint}>Select anything on the time axis or in a list to see its details.</p>
    </>
  );
}
