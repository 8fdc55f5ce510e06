import type {
  BrokenScenario,
  BrokenScenarioText,
  ScenarioDetail,
  ScenarioSummary,
  ScenarioValidation,
} from "../../../contract/scenarios.ts";
import type { RunStore } from "../../history/run-store.ts";
import type { LoadedScenario } from "../../scenarios/load.ts";
import { type PlannedStep, planScenario } from "../../scenarios/plan.ts";
import type { PlanTarget } from "../../stacks/resolve-target.ts";
import { scenarioOfManualRun } from "./manual-scenario.ts";
import { scenarioOf } from "./past-scenario.ts";
import { toCard, toDetail, validate } from "./scenario-cards.ts";
import type { SaveOptions, ScenarioLibrary } from "./scenario-library.ts";

export interface ScenarioServiceParts {
  library: ScenarioLibrary;
  /** For how each scenario ended lately, and for those of past runs. */
  store: RunStore;
  /** What a plan is made for. */
  target: () => Pick<PlanTarget, "stack" | "driver">;
  onChange: () => void;
}

/** The catalogue of scenarios, as a person looks through it and changes it. */
export class ScenarioService {
  readonly #parts: ScenarioServiceParts;
  #version = 1;

  constructor(parts: ScenarioServiceParts) {
    this.#parts = parts;
  }

  /** Changes when a scenario of the user's was saved or deleted. */
  get version(): number {
    return this.#version;
  }

  /** A manual session as a scenario of its own. @throws LabError when it cannot be one */
  async fromManualRun(runId: string): Promise<string> {
    const taken = new Set((await this.list()).scenarios.map(({ id }) => id));
    let id = "done-manually";
    for (let at = 2; taken.has(id); at++) id = `done-manually-${at}`;
    return scenarioOfManualRun(this.#parts.store, runId, id);
  }

  async list(): Promise<{ scenarios: ScenarioSummary[]; broken: BrokenScenario[] }> {
    const { library, store } = this.#parts;
    const { scenarios, broken } = library.list();
    const { stack } = this.#parts.target();
    return { scenarios: await Promise.all(scenarios.map((listed) => toCard(listed, store, stack))), broken };
  }

  /** @throws LabError when no scenario has the id */
  get(id: string): Promise<ScenarioDetail> {
    return toDetail(this.#parts.library.find(id), this.#parts.store, this.#parts.target().stack);
  }

  /** @throws LabError when no scenario has the id */
  find(id: string): LoadedScenario {
    return this.#parts.library.find(id).loaded;
  }

  /** The scenario of a past run as it was written then. @throws LabError for what cannot be run again */
  ofRun(runId: string): Promise<{ loaded: LoadedScenario; without: string[] }> {
    return scenarioOf(this.#parts.store, this.#parts.library, runId, this.#parts.target().stack);
  }

  /** What a run of it would break, and how each is undone. */
  plan(id: string): PlannedStep[] {
    const { stack, driver } = this.#parts.target();
    return planScenario(this.find(id).scenario, stack, driver);
  }

  /** What a text would be as a scenario, or what is wrong with it, by itself and on the lab's stack. */
  validate(source: string): ScenarioValidation {
    return validate(source, this.#parts.target().stack);
  }

  /** Resolves with the ids in the text. @throws DocumentError, LabError */
  save(source: string, options: SaveOptions): string[] {
    const ids = this.#parts.library.save(source, options);
    this.#changed();
    return ids;
  }

  delete(id: string): void {
    this.#parts.library.delete(id);
    this.#changed();
  }

  getBroken(name: string): BrokenScenarioText {
    return this.#parts.library.getBroken(name);
  }

  deleteBroken(name: string): void {
    this.#parts.library.deleteBroken(name);
    this.#changed();
  }

  #changed(): void {
    this.#version++;
    this.#parts.onChange();
  }
}
