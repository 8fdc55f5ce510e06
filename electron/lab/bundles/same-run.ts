import type { LabEvent } from "../../model/lab-event.ts";
import type { RunStore } from "../history/run-store.ts";
import { Redactor } from "../redaction/redactor.ts";
import { BundleProblem } from "./bundle-problem.ts";
import type { BundleRun } from "./read-bundle.ts";

/**
 * Compares an imported run with the existing one of the same id. Both are redacted, since the existing one may be the
 * original, with secrets that the bundle does not have.
 */
export class SameRun {
  readonly #id: string;
  readonly #existing: AsyncGenerator<LabEvent, void>;
  readonly #existingRedactor = new Redactor();
  readonly #importedRedactor = new Redactor();

  private constructor(id: string, here: AsyncGenerator<LabEvent, void>) {
    this.#id = id;
    this.#existing = here;
  }

  /** Rejects with a BundleProblem when stack file or scenario differ. */
  static async compare(history: RunStore, { record, scenario, stack }: BundleRun): Promise<SameRun> {
    const { id } = record;
    const same = new SameRun(id, history.events(id));
    const [sources, run] = await Promise.all([history.sources(id), history.find(id)]);
    const existingStack = sources.stack === undefined ? undefined : same.#existingRedactor.yaml(sources.stack);
    const importedStack = stack === undefined ? undefined : same.#importedRedactor.yaml(stack);
    if (existingStack !== importedStack) throw same.#conflict("the stack file");
    if (same.#existingRedactor.yaml(sources.scenario) !== same.#importedRedactor.yaml(scenario))
      throw same.#conflict("the scenario");
    // In the order of an export, so that equal values get equal numbers.
    for (const text of [run.scenarioId, run.scenarioTitle, run.reason ?? ""]) same.#existingRedactor.text(text);
    return same;
  }

  /** Rejects with a BundleProblem when the next existing event differs. */
  async take(event: LabEvent): Promise<void> {
    const { value, done } = await this.#existing.next();
    if (done) throw this.#conflict(`event ${event.seq}`);
    const isSame = this.#existingRedactor.event(value).line === this.#importedRedactor.event(event).line;
    if (!isSame) throw this.#conflict(`event ${event.seq}`);
  }

  async end(): Promise<void> {
    if (!(await this.#existing.next()).done) throw this.#conflict("the number of events");
  }

  #conflict(what: string): BundleProblem {
    return new BundleProblem("conflict", `run ${this.#id} is already in the history, and ${what} differs`, {
      hint: "delete the existing run to replace it by the one in the file",
    });
  }
}
