import type { LabEvent } from "../../model/lab-event.ts";
import type { RunStore } from "../history/run-store.ts";
import { Redactor } from "../redaction/redactor.ts";
import { BundleProblem } from "./bundle-problem.ts";
import type { BundleRun } from "./read-bundle.ts";

/**
 * Compares a run that arrives with the one of the same id that is here. Both go through the redactor: the one here may be
 * the original, with the secrets that its bundle lacks.
 */
export class SameRun {
  readonly #id: string;
  readonly #here: AsyncGenerator<LabEvent, void>;
  readonly #hereRedactor = new Redactor();
  readonly #arrivingRedactor = new Redactor();

  private constructor(id: string, here: AsyncGenerator<LabEvent, void>) {
    this.#id = id;
    this.#here = here;
  }

  /** Rejects with a BundleProblem when the two were made of different things. */
  static async compare(history: RunStore, { record, scenario, stack }: BundleRun): Promise<SameRun> {
    const { id } = record;
    const same = new SameRun(id, history.events(id));
    const [sources, run] = await Promise.all([history.sources(id), history.find(id)]);
    const stackHere = sources.stack === undefined ? undefined : same.#hereRedactor.yaml(sources.stack);
    const stackArriving = stack === undefined ? undefined : same.#arrivingRedactor.yaml(stack);
    if (stackHere !== stackArriving) throw same.#conflict("the stack file");
    if (same.#hereRedactor.yaml(sources.scenario) !== same.#arrivingRedactor.yaml(scenario))
      throw same.#conflict("the scenario");
    // As an export does, so that equal values get equal numbers.
    for (const text of [run.scenarioId, run.scenarioTitle, run.reason ?? ""]) same.#hereRedactor.text(text);
    return same;
  }

  /** Rejects with a BundleProblem when the next event here is another. */
  async take(event: LabEvent): Promise<void> {
    const { value, done } = await this.#here.next();
    if (done) throw this.#conflict(`event ${event.seq}`);
    const isSame = this.#hereRedactor.event(value).line === this.#arrivingRedactor.event(event).line;
    if (!isSame) throw this.#conflict(`event ${event.seq}`);
  }

  async end(): Promise<void> {
    if (!(await this.#here.next()).done) throw this.#conflict("the number of events");
  }

  #conflict(what: string): BundleProblem {
    return new BundleProblem("conflict", `run ${this.#id} is in the history already, and ${what} differs`, {
      cure: "delete the run that is here if the one in the file is to take its place",
    });
  }
}
