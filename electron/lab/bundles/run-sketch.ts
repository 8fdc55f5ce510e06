import { emptyRunView, foldAll, type RunView } from "../../model/fold.ts";
import type { LabEvent, LabEventType } from "../../model/lab-event.ts";
import { type RunReport, toReport } from "../reports/run-report.ts";
import type { RunRecord } from "./format.ts";

/** Of each type of event. No person reads more in a report, and a run may have a hundred thousand. */
const KEPT_OF_A_TYPE = 1_000;
const FOLD_AT_ONCE = 256;

/** What the reports of a run are made of: its view, bounded. What is left out is counted, and said. */
export class RunSketch {
  readonly #record: RunRecord;
  readonly #seen = new Map<LabEventType, number>();
  #view: RunView = emptyRunView;
  #waiting: LabEvent[] = [];
  #seq = 0;

  constructor(record: RunRecord) {
    this.#record = record;
  }

  take(event: LabEvent): void {
    const seen = (this.#seen.get(event.type) ?? 0) + 1;
    this.#seen.set(event.type, seen);
    if (event.type === "service.log" || seen > KEPT_OF_A_TYPE) return;
    // The fold takes no gaps; these events are numbered anew for it.
    this.#waiting.push({ ...event, seq: ++this.#seq });
    if (this.#waiting.length === FOLD_AT_ONCE) this.#fold();
  }

  seen(type: LabEventType): number {
    return this.#seen.get(type) ?? 0;
  }

  view(): RunView {
    this.#fold();
    return { ...this.#view, runId: this.#record.id, started: this.#view.started ?? startedAs(this.#record) };
  }

  report(): RunReport {
    const report = toReport(this.view());
    return { ...report, warnings: [...report.warnings, ...this.#leftOut()] };
  }

  #leftOut(): string[] {
    return [...this.#seen]
      .filter(([type, seen]) => type !== "service.log" && seen > KEPT_OF_A_TYPE)
      .map(
        ([type, seen]) =>
          `only the first ${KEPT_OF_A_TYPE} of ${seen} ${type} events are told here; events.ndjson has all`,
      );
  }

  #fold(): void {
    this.#view = foldAll(this.#view, this.#waiting);
    this.#waiting = [];
  }
}

/** A run whose lab died before its first event has only a record of what was to be run. */
function startedAs(record: RunRecord): NonNullable<RunView["started"]> {
  return {
    type: "run.started",
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
