import { basename } from "node:path";
import { kindOfRun } from "../../../contract/runs.ts";
import type { BrokenScenario, BrokenScenarioText } from "../../../contract/scenarios.ts";
import { DocumentError, type Problem } from "../../documents/yaml-document.ts";
import { LabError, messageOf } from "../../lab-error.ts";
import { withoutNumbers } from "../../redaction/placeholder.ts";
import { Redactor } from "../../redaction/redactor.ts";
import { type LoadedScenario, loadText } from "../../scenarios/load.ts";
import { ScenarioFolder } from "./scenario-folder.ts";

export type Origin = "shipped" | "user";

/** A scenario of the catalogue. */
export interface Listed {
  loaded: LoadedScenario;
  origin: Origin;
}

export interface SaveOptions {
  /** Write over a scenario of the user's own. */
  replace: boolean;
  suiteName?: string | undefined;
  /** The broken file that the text was made from, and takes the place of. */
  fixes?: string | undefined;
}

/** The shipped scenarios, and those that the user keeps in the data folder. */
export class ScenarioLibrary {
  readonly #shipped: readonly Listed[];
  readonly #folder: ScenarioFolder;

  constructor(shipped: readonly LoadedScenario[], folder: string) {
    this.#shipped = shipped.map((loaded) => ({ loaded, origin: "shipped" }));
    this.#folder = new ScenarioFolder(folder);
  }

  /** The user's own first. Read each time: the user may have edited a file with another program. */
  list(): { scenarios: Listed[]; broken: BrokenScenario[] } {
    const own: Listed[] = [];
    const broken: BrokenScenario[] = [];
    const taken = new Map(this.#shipped.map(({ loaded }) => [loaded.scenario.id, "a shipped scenario"]));
    for (const name of this.#folder.names()) {
      try {
        const loaded = this.#read(name);
        const ids = loaded.map(({ scenario }) => scenario.id);
        const used = ids.find((id, place) => taken.has(id) || ids.indexOf(id) !== place);
        if (used !== undefined) {
          throw new LabError(
            "bad-input",
            `the id "${used}" is used by ${taken.get(used) ?? "another case"} too`,
            OTHER_ID,
          );
        }
        for (const id of ids) taken.set(id, name);
        own.push(...loaded.map((each) => ({ loaded: each, origin: "user" as const })));
      } catch (error) {
        const cannotOpenBecause = this.#folder.whyNotEdited(name) ?? null;
        broken.push({ name, problems: problemsOf(error), cannotOpenBecause });
      }
    }
    return { scenarios: [...own, ...this.#shipped], broken };
  }

  /** @throws LabError when no scenario has the id */
  find(id: string): Listed {
    const { scenarios } = this.list();
    const found = scenarios.find(({ loaded }) => loaded.scenario.id === id);
    if (found !== undefined) return found;
    throw new LabError("bad-input", `no scenario is called "${id}"`, {
      hint: `there are: ${scenarios.map(({ loaded }) => loaded.scenario.id).join(", ")}`,
    });
  }

  /**
   * The scenario that was stored without its secrets, as it is here: the history does not have them.
   * @throws LabError when it has been changed or deleted since
   */
  unredacted(id: string, stored: string): LoadedScenario {
    const found = this.list().scenarios.find(({ loaded }) => loaded.scenario.id === id)?.loaded;
    const recorded = found === undefined ? undefined : new Redactor().yaml(found.source);
    if (found !== undefined && recorded !== undefined && withoutNumbers(recorded) === withoutNumbers(stored))
      return found;
    throw new LabError(
      "precondition",
      `the history has scenario ${id} only with its secrets redacted, and it has changed since`,
      {
        hint: "run it as it is now, from the scenarios",
      },
    );
  }

  /** Writes a scenario or a suite into the user's folder and returns the ids in it. @throws DocumentError, LabError */
  save(source: string, { replace, suiteName, fixes }: SaveOptions): string[] {
    const loaded = loadText(source, `${suiteName ?? "suite"}.yaml`);
    const [first] = loaded;
    if (first === undefined) throw new LabError("bad-input", "there is no scenario in this text");
    const ids = loaded.map(({ scenario }) => scenario.id);
    const isSuite = loaded.length > 1 || suiteName !== undefined;
    const kept = replace && fixes === undefined ? this.#fileOfAll(ids) : undefined;
    const name = kept ?? `${isSuite ? (suiteName ?? "suite") : first.scenario.id}.yaml`;
    if (fixes !== undefined) this.#editable(fixes);
    const isInPlace = fixes !== undefined && this.#folder.isSame(fixes, name);
    this.#assertFree(ids, name, replace || isInPlace);
    this.#folder.write(name, source);
    // After the text is safe under its own name; where case does not count, that may be the same file still.
    if (fixes !== undefined && fixes !== name && !this.#folder.isSame(fixes, name)) this.#folder.remove(fixes);
    return ids;
  }

  /** The text of a broken file as it is. @throws LabError for any other file, and for one that cannot be edited here */
  getBroken(name: string): BrokenScenarioText {
    return { name, source: this.#folder.read(this.#editable(name).name) };
  }

  /** @throws LabError for a file that is not broken */
  deleteBroken(name: string): void {
    this.#folder.remove(this.#broken(name).name);
  }

  /** Deletes the user's file that holds a scenario. @throws LabError for a shipped one */
  delete(id: string): void {
    const { loaded, origin } = this.find(id);
    if (origin === "shipped") {
      throw new LabError("bad-input", `${id} is shipped with the lab and cannot be deleted`, {
        hint: "only scenarios of your own can be",
      });
    }
    this.#folder.remove(basename(loaded.file));
  }

  #broken(name: string): BrokenScenario {
    const found = this.list().broken.find((each) => each.name === name);
    if (found !== undefined) return found;
    throw new LabError("bad-input", `none of your files that cannot be used is called "${name}"`, {
      hint: "it may have been undone, renamed or deleted with another program",
    });
  }

  #editable(name: string): BrokenScenario {
    const found = this.#broken(name);
    if (found.cannotOpenBecause === null) return found;
    throw new LabError("bad-input", `${name} cannot be opened here: ${found.cannotOpenBecause}`, {
      hint: "fix it in an editor, or delete it here",
    });
  }

  /** The file of the user's own that has some of these and no others, whatever it is called. */
  #fileOfAll(ids: readonly string[]): string | undefined {
    const own = this.list().scenarios.filter(({ origin }) => origin === "user");
    const [file, ...others] = new Set(
      own.flatMap(({ loaded }) => (ids.includes(loaded.scenario.id) ? [loaded.file] : [])),
    );
    const hasOther = own.some(({ loaded }) => loaded.file === file && !ids.includes(loaded.scenario.id));
    return file === undefined || others.length > 0 || hasOther ? undefined : basename(file);
  }

  #assertFree(ids: readonly string[], file: string, replace: boolean): void {
    const { scenarios } = this.list();
    for (const [place, id] of ids.entries()) {
      if (ids.indexOf(id) !== place) throw new LabError("bad-input", `two cases have the id "${id}"`, OTHER_NAME);
      if (kindOfRun(id) !== "scenario") throw new LabError("bad-input", `the id "${id}" is the lab's own`, OTHER_ID);
      const used = scenarios.find(({ loaded }) => loaded.scenario.id === id);
      if (used?.origin === "shipped") {
        throw new LabError("bad-input", `the id "${id}" is that of a shipped scenario`, OTHER_ID);
      }
      if (used !== undefined && basename(used.loaded.file) !== file) {
        throw new LabError("bad-input", `the id "${id}" is used in ${basename(used.loaded.file)}`, OTHER_ID);
      }
    }
    if (replace || !this.#folder.has(file)) return;
    throw new LabError("precondition", `you have a scenario in ${file} already`, {
      hint: "replace it, or give this one another id",
    });
  }

  #read(name: string): LoadedScenario[] {
    return loadText(this.#folder.read(name), this.#folder.pathOf(name));
  }
}

const OTHER_ID = { hint: "give it another id" };
const OTHER_NAME = { hint: "give one of them another name" };

/** Problems of one document, without its name. */
export function placesOf(problems: readonly Problem[]): { line: number; column: number; message: string }[] {
  return problems.map(({ line, column, message }) => ({ line, column, message }));
}

/** Where in a document the trouble is; at its beginning when that is not known. */
export function problemsOf(error: unknown): { line: number; column: number; message: string }[] {
  if (error instanceof DocumentError) return placesOf(error.problems);
  return [{ line: 1, column: 1, message: messageOf(error) }];
}
