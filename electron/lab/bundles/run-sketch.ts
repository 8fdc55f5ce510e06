import { priorityOf } from "../../model/catalogue/catalogue.ts";
import type { LabEvent, LabEventType } from "../../model/lab-event.ts";
import { RunModel } from "../../model/run-model.ts";
import type { RunView } from "../../model/run-view.ts";
import { EVENT_VERSION } from "../../model/upgrade.ts";
import { type RunReport, toReport } from "../reports/run-report.ts";
import type { RunRecord } from "./format.ts";

/** Maximum number of events of each type in a report; a run may have 100,000. */
const KEPT_OF_A_TYPE = 1_000;

/** A bounded view of a run for its reports. What is left out is counted and mentioned. */
export class RunSketch {
  readonly #record: RunRecord;
  readonly #seen = new Map<LabEventType, number>();
  readonly #model = new RunModel();

  constructor(record: RunRecord) {
    this.#record = record;
  }

  take(event: LabEvent): void {
    if (priorityOf(event) === "progress") return;
    const seen = (this.#seen.get(event.type) ?? 0) + 1;
    this.#seen.set(event.type, seen);
    // The model accepts no gaps, so these events are renumbered.
    if (seen <= KEPT_OF_A_TYPE) this.#model.take({ ...event, seq: this.#model.seq + 1 });
  }

  view(): RunView {
    const view = this.#model.asOf(this.#model.seq, this.#model.lastMs);
    return { ...view, runId: this.#record.id, started: view.started ?? startedAs(this.#record) };
  }

  report(): RunReport {
    const report = toReport(this.view());
    return { ...report, warnings: [...report.warnings, ...this.#leftOut()] };
  }

  #leftOut(): string[] {
    return [...this.#seen]
      .filter(([, seen]) => seen > KEPT_OF_A_TYPE)
      .map(
        ([type, seen]) =>
          `only the first ${KEPT_OF_A_TYPE} of ${seen} ${type} events are shown here; the recorded events have all`,
      );
  }
}

/** A run whose lab died before its first event has only its record. */
function startedAs(record: RunRecord): NonNullable<RunView["started"]> {
  return {
    type: "run.started",
    eventVersion: EVENT_VERSION,
    runId: record.id,
    seq: 1,
    atMs: 0,
    wallMs: record.startedWallMs,
    scenario: { id: record.scenarioId, title: record.scenarioTitle, patterns: [] },
    driver: record.driver === "docker" ? "docker" : "process",
    without: record.without,
    services: [],
    labVersion: "",
  };
}
