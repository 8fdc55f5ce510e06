import type { LabEvent } from "../events/lab-event.ts";
import type { History } from "../history/history.ts";
import { Redactor } from "../redaction/redactor.ts";
import { BundleProblem } from "./bundle-problem.ts";
import type { BundleRun } from "./read-bundle.ts";

/**
 * Compares a run that arrives with the one of the same id that is here. Both go through the redactor: the one here may be
 * the original, with the secrets that its bundle lacks.
 */
export class SameRun {
  readonly #id: string;
  readonly #here: Generator<LabEvent>;
  readonly #hereRedactor = new Redactor();
  readonly #arrivingRedactor = new Redactor();

  /** @throws BundleProblem when the two were made of different things */
  constructor(history: History, { record, scenario, stack }: BundleRun) {
    this.#id = record.id;
    const sources = history.sources(record.id);
    const stackHere = sources.stack === undefined ? undefined : this.#hereRedactor.yaml(sources.stack);
    const stackArriving = stack === undefined ? undefined : this.#arrivingRedactor.yaml(stack);
    if (stackHere !== stackArriving) throw this.#conflict("the stack file");
    if (this.#hereRedactor.yaml(sources.scenario) !== this.#arrivingRedactor.yaml(scenario))
      throw this.#conflict("the scenario");
    // As an export does, so that equal values get equal numbers.
    const { scenarioId, scenarioTitle, reason = "" } = history.find(record.id);
    for (const text of [scenarioId, scenarioTitle, reason]) this.#hereRedactor.text(text);
    this.#here = history.events(record.id);
  }

  /** @throws BundleProblem when the next event here is another */
  take(event: LabEvent): void {
    const { value, done } = this.#here.next();
    if (done) throw this.#conflict(`event ${event.seq}`);
    const isSame = this.#hereRedactor.event(value).line === this.#arrivingRedactor.event(event).line;
    if (!isSame) throw this.#conflict(`event ${event.seq}`);
  }

  end(): void {
    if (!this.#here.next().done) throw this.#conflict("the number of events");
  }

  #conflict(what: string): BundleProblem {
    return new BundleProblem("conflict", `run ${this.#id} is in the history already, and ${what} differs`, {
      cure: "delete the run that is here if the one in the file is to take its place",
    });
  }
}
