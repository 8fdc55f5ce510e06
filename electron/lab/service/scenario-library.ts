import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, extname, join } from "node:path";
import { BY_HAND_SCENARIO_ID } from "../../contract/runs.ts";
import type { BrokenScenario } from "../../contract/scenarios.ts";
import { DocumentError } from "../documents/yaml-document.ts";
import { LabError, messageOf } from "../lab-error.ts";
import { type LoadedScenario, loadText } from "../scenarios/load.ts";

export type Origin = "shipped" | "user";

/** A scenario of the catalogue. */
export interface Listed {
  loaded: LoadedScenario;
  origin: Origin;
}

/** The shipped scenarios, and those that the user keeps in the data folder. */
export class ScenarioLibrary {
  readonly #shipped: readonly Listed[];
  readonly #folder: string;

  constructor(shipped: readonly LoadedScenario[], folder: string) {
    this.#shipped = shipped.map((loaded) => ({ loaded, origin: "shipped" }));
    this.#folder = folder;
  }

  /** Shipped first. Read anew each time: the user may have edited a file with another program. */
  list(): { scenarios: Listed[]; broken: BrokenScenario[] } {
    const scenarios = [...this.#shipped];
    const broken: BrokenScenario[] = [];
    const taken = new Set(scenarios.map(({ loaded }) => loaded.scenario.id));
    for (const name of this.#files()) {
      try {
        for (const loaded of this.#read(name)) {
          const { id } = loaded.scenario;
          if (taken.has(id)) throw new LabError("bad-input", `the id "${id}" is used by another scenario`);
          taken.add(id);
          scenarios.push({ loaded, origin: "user" });
        }
      } catch (error) {
        broken.push({ name, problems: problemsOf(error) });
      }
    }
    return { scenarios, broken };
  }

  /** @throws LabError when no scenario has the id */
  find(id: string): Listed {
    const { scenarios } = this.list();
    const found = scenarios.find(({ loaded }) => loaded.scenario.id === id);
    if (found !== undefined) return found;
    throw new LabError("bad-input", `no scenario is called "${id}"`, {
      cure: `there are: ${scenarios.map(({ loaded }) => loaded.scenario.id).join(", ")}`,
    });
  }

  /** Writes a scenario or a suite into the user's folder and returns the ids in it. @throws DocumentError, LabError */
  save(source: string, options: { replace: boolean; suiteName?: string | undefined }): string[] {
    const loaded = loadText(source, `${options.suiteName ?? "suite"}.yaml`);
    const [first] = loaded;
    if (first === undefined) throw new LabError("bad-input", "there is no scenario in this text");
    const ids = loaded.map(({ scenario }) => scenario.id);
    const isSuite = loaded.length > 1 || options.suiteName !== undefined;
    const name = `${isSuite ? (options.suiteName ?? "suite") : first.scenario.id}.yaml`;
    this.#assertFree(ids, name, options.replace);
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    const file = join(this.#folder, name);
    writeFileSync(`${file}.new`, source, { mode: 0o600 });
    renameSync(`${file}.new`, file);
    return ids;
  }

  /** Deletes the user's file that holds a scenario. @throws LabError for a shipped one */
  delete(id: string): void {
    const { loaded, origin } = this.find(id);
    if (origin === "shipped") {
      throw new LabError("bad-input", `${id} is shipped with the lab and cannot be deleted`, {
        cure: "only scenarios of your own can be",
      });
    }
    rmSync(join(this.#folder, basename(loaded.file)));
  }

  #assertFree(ids: readonly string[], file: string, replace: boolean): void {
    const { scenarios } = this.list();
    for (const id of ids) {
      if (id === BY_HAND_SCENARIO_ID) throw new LabError("bad-input", `the id "${id}" is the lab's own`, OTHER_ID);
      const used = scenarios.find(({ loaded }) => loaded.scenario.id === id);
      if (used?.origin === "shipped") {
        throw new LabError("bad-input", `the id "${id}" is that of a shipped scenario`, OTHER_ID);
      }
      if (used !== undefined && basename(used.loaded.file) !== file) {
        throw new LabError("bad-input", `the id "${id}" is used in ${basename(used.loaded.file)}`, OTHER_ID);
      }
    }
    if (replace || !existsSync(join(this.#folder, file))) return;
    throw new LabError("precondition", `you have a scenario in ${file} already`, {
      cure: "replace it, or give this one another id",
    });
  }

  #files(): string[] {
    if (!existsSync(this.#folder)) return [];
    return readdirSync(this.#folder)
      .filter((name) => [".yaml", ".yml"].includes(extname(name)))
      .sort();
  }

  #read(name: string): LoadedScenario[] {
    const file = join(this.#folder, name);
    return loadText(readFileSync(file, "utf8"), file);
  }
}

const OTHER_ID = { cure: "give it another id" };

/** Where in a document the trouble is; at its beginning when that is not known. */
export function problemsOf(error: unknown): { line: number; column: number; message: string }[] {
  if (error instanceof DocumentError) {
    return error.problems.map(({ line, column, message }) => ({ line, column, message }));
  }
  return [{ line: 1, column: 1, message: messageOf(error) }];
}
