import { isUtf8 } from "node:buffer";
import { lstatSync, mkdirSync, readdirSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join, sep } from "node:path";
import { SCENARIO_SOURCE_LIMIT } from "../../../contract/scenarios.ts";
import { inKib, readWholeFile } from "../../documents/read-whole-file.ts";
import { readDocument } from "../../documents/yaml-document.ts";
import { messageOf } from "../../lab-error.ts";
import { isScenarioFile } from "../../scenarios/scenario-files.ts";

/** The files that a user keeps scenarios in. A name is one that the folder itself has listed, never a path. */
export class ScenarioFolder {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  pathOf(name: string): string {
    return join(this.#folder, name);
  }

  names(): string[] {
    if (statSync(this.#folder, { throwIfNoEntry: false }) === undefined) return [];
    return readdirSync(this.#folder, { withFileTypes: true })
      .filter((entry) => entry.isFile() || entry.isSymbolicLink())
      .map(({ name }) => name)
      .filter(isScenarioFile)
      .sort();
  }

  /** A link to a file elsewhere is read too: that is how a person uses scenarios of another folder. */
  read(name: string): string {
    return readDocument(this.pathOf(name));
  }

  /** Why a file's text is not given to an editor, which might write something else in its place; undefined if it is. */
  whyNotEdited(name: string): string | undefined {
    try {
      const real = realpathSync(this.pathOf(name));
      const { size } = statSync(real);
      if (!real.startsWith(realpathSync(this.#folder) + sep)) return "it is a link to a file outside of this folder";
      if (size > SCENARIO_SOURCE_LIMIT) {
        return `it is ${inKib(size)} long, and the editor takes ${inKib(SCENARIO_SOURCE_LIMIT)} at the most`;
      }
      return isUtf8(readWholeFile(real, SCENARIO_SOURCE_LIMIT)) ? undefined : "it is not text in UTF-8";
    } catch (error) {
      return `it cannot be read: ${messageOf(error)}`;
    }
  }

  has(name: string): boolean {
    return lstatSync(this.pathOf(name), { throwIfNoEntry: false }) !== undefined;
  }

  /** Two names may be one file where upper and lower case are the same. */
  isSame(name: string, other: string): boolean {
    const [one, two] = [name, other].map((each) =>
      lstatSync(this.pathOf(each), { throwIfNoEntry: false, bigint: true }),
    );
    return one !== undefined && two !== undefined && one.dev === two.dev && one.ino === two.ino;
  }

  /** At once or not at all. */
  write(name: string, source: string): void {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    const file = this.pathOf(name);
    writeFileSync(`${file}.new`, source, { mode: 0o600 });
    renameSync(`${file}.new`, file);
  }

  /** Of a link, the link alone. */
  remove(name: string): void {
    rmSync(this.pathOf(name));
  }
}
