import { isRunEnd, isRunStart } from "../../model/catalogue/catalogue.ts";
import { type LabEvent, labEvent } from "../../model/lab-event.ts";
import { type StoredEvent, upgradeEvent } from "../../model/upgrade.ts";
import { messageOf } from "../lab-error.ts";
import { BundleProblem } from "./bundle-problem.ts";
import { checked, parsedJson } from "./checked-json.ts";
import { DEPTH_LIMIT, isTooDeep, RUN_FILES, type RunRecord } from "./format.ts";

/** Validates one run's events: accepts only what a run of this lab could have recorded. */
export class RunChecker {
  readonly #record: RunRecord;
  #seq = 0;
  #atMs = 0;
  #ended: LabEvent | undefined;

  constructor(record: RunRecord) {
    this.#record = record;
  }

  next(line: string, path: string): LabEvent {
    const expected = this.#seq + 1;
    const location = `${path}:${expected}`;
    if (this.#ended !== undefined) throw new BundleProblem("bad event", `${location}: the run has ended before it`);
    if (expected > this.#record.events) {
      throw new BundleProblem("event gap", `${path} has more than the ${this.#record.events} events that are declared`);
    }
    const value = parsedJson(line, location, "bad event");
    if (isTooDeep(value, line))
      throw new BundleProblem("bad event", `${location}: it is nested more than ${DEPTH_LIMIT} deep`);
    const event = checked(labEvent, upgraded(value, location), location, "bad event");
    if (event.runId !== this.#record.id) throw new BundleProblem("bad event", `${location}: it is of another run`);
    if (event.seq !== expected) {
      throw new BundleProblem("event gap", `${location}: found event ${event.seq}, expected event ${expected}`);
    }
    const isTimely = event.atMs >= this.#atMs && event.atMs <= 1e11 && event.wallMs >= 0 && event.wallMs <= 8.64e15;
    if (!isTimely)
      throw new BundleProblem("bad event", `${location}: its time is invalid, or before that of the previous event`);
    this.#seq = expected;
    this.#atMs = event.atMs;
    this.#check(event, location);
    return event;
  }

  end(path: string): void {
    if (this.#seq !== this.#record.events) {
      throw new BundleProblem("event gap", `${path} has ${this.#seq} of ${this.#record.events} events`);
    }
    if (this.#ended === undefined) throw new BundleProblem("bad event", `${path}: the run does not end`);
  }

  /** The record is only a summary, and must match the events. */
  #check(event: LabEvent, location: string): void {
    const { scenarioId, scenarioTitle, driver, without, outcome, reason, durationMs } = this.#record;
    if (isRunStart(event)) {
      const isSame =
        event.scenario.id === scenarioId &&
        isSameText(event.scenario.title, scenarioTitle) &&
        event.driver === driver &&
        JSON.stringify(event.without) === JSON.stringify(without);
      if (this.#seq !== 1) throw new BundleProblem("bad event", `${location}: the run starts twice`);
      if (!isSame)
        throw new BundleProblem("bad run", `${location}: ${RUN_FILES.run} does not match how the run started`);
    } else if (isRunEnd(event)) {
      const isSame = event.outcome === outcome && isSameText(event.reason, reason) && event.atMs === durationMs;
      if (!isSame) throw new BundleProblem("bad run", `${location}: ${RUN_FILES.run} does not match how the run ended`);
      this.#ended = event;
    }
  }
}

/** An event is stored as JSON, which keeps half of a surrogate pair; a column of the history has U+FFFD in its place. */
function isSameText(one: string, other: string): boolean {
  return one.toWellFormed() === other.toWellFormed();
}

/** A value that is not an event is returned unchanged, and is refused by its schema. */
function upgraded(value: unknown, location: string): unknown {
  if (typeof value !== "object" || value === null) return value;
  try {
    return upgradeEvent(value as StoredEvent);
  } catch (error) {
    throw new BundleProblem("bad event", `${location}: ${messageOf(error)}`, { cause: error });
  }
}
