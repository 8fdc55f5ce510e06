import { statSync } from "node:fs";
import { basename, extname, resolve } from "node:path";
import { checkDocument } from "../documents/check-document.ts";
import { readBeginning } from "../documents/read-whole-file.ts";
import { recogniseFile } from "../documents/recognise-file.ts";
import { DocumentError, type Problem, parseYaml, readDocument, type YamlDocument } from "../documents/yaml-document.ts";
import { LabError } from "../lab-error.ts";
import { unknownRoles } from "./roles.ts";
import { isScenarioFile, scenarioFilesIn } from "./scenario-files.ts";
import { type Scenario, scenario } from "./schema.ts";
import { isSuiteDocument, scenariosOfSuite, suite } from "./suite.ts";

/** A scenario with its file. */
export interface LoadedScenario {
  scenario: Scenario;
  file: string;
  /** The text of the file, stored with each run. */
  source: string;
}

/** The scenarios of a file: one, or one for each case of a ToolGate suite. @throws DocumentError */
export function loadFile(file: string): LoadedScenario[] {
  return loadText(readScenarioFile(file), file);
}

/** @throws DocumentError with the problems of a scenario, or with what the text is instead */
export function loadText(source: string, file: string): LoadedScenario[] {
  try {
    return fromDocument(parseYaml(source, file));
  } catch (error) {
    throw asOtherFile(source, file) ?? error;
  }
}

/** A zip is not UTF-8, and a trace is often larger than a scenario may be: what they are is read from their beginning. */
function readScenarioFile(file: string): string {
  try {
    return readDocument(file);
  } catch (error) {
    throw asOtherFile(readBeginning(file), file) ?? error;
  }
}

function asOtherFile(text: string, file: string): DocumentError | undefined {
  const message = recogniseFile(text, "scenario");
  return message === undefined ? undefined : new DocumentError([{ file, line: 1, column: 1, message }]);
}

function fromDocument(document: YamlDocument): LoadedScenario[] {
  const { file, source } = document;
  if (isSuiteDocument(document.value)) {
    const name = basename(file, extname(file));
    return scenariosOfSuite(name, checkDocument(document, suite)).map((each) => ({ scenario: each, file, source }));
  }
  const loaded = checkDocument(document, scenario);
  const wrong = unknownRoles(loaded);
  if (wrong.length > 0) throw new DocumentError(wrong.map(({ path, message }) => document.problemAt(path, message)));
  return [{ scenario: loaded, file, source }];
}

/** The scenarios of a folder, sorted by file name. @throws DocumentError when one of them is invalid */
export function loadFolder(folder: string): LoadedScenario[] {
  const loaded = scenarioFilesIn(folder).flatMap(loadFile);
  const shared = sharedIds(loaded);
  if (shared.length > 0) throw new DocumentError(shared);
  return loaded;
}

/** A problem for each file that has an id which a file before it has: history and reports name a scenario by its id. */
export function sharedIds(loaded: readonly LoadedScenario[]): Problem[] {
  const files = new Map<string, string>();
  return loaded.flatMap(({ scenario: { id }, file, source }) => {
    const first = files.get(id) ?? resolve(file);
    files.set(id, first);
    if (first === resolve(file)) return [];
    return [parseYaml(source, file).problemAt(["id"], `the id "${id}" is used in ${first} too; give one another id`)];
  });
}

/**
 * Resolves the arguments of the command line: a file, a folder, or the id of a shipped scenario. Of the shipped ones only
 * those named are parsed: all of them take longer than the rest of a command's start.
 * @throws DocumentError for a file that is not valid, and for an id that two of the files have
 */
export function resolveScenarios(names: readonly string[], shippedFolder: string): LoadedScenario[] {
  const shipped = filesById(shippedFolder);
  const isShipped = (name: string) => shipped.has(name);
  const load = (name: string) => {
    const file = shipped.get(name);
    if (file !== undefined) return loadFile(file);
    const found = statSync(name, { throwIfNoEntry: false });
    if (found?.isDirectory()) return loadFolder(name);
    if (found !== undefined || isScenarioFile(name)) return loadFile(name);
    throw new LabError("bad-input", `no scenario is called "${name}", and there is no such file`, {
      hint: `the shipped ones are: ${[...shipped.keys()].join(", ")}`,
    });
  };
  const resolved = names.map((name) => ({ name, loaded: load(name) }));
  const shared = sharedIds(resolved.flatMap(({ name, loaded }) => (isShipped(name) ? [] : loaded)));
  if (shared.length > 0) throw new DocumentError(shared);
  return resolved.flatMap(({ loaded }) => loaded);
}

/** The files of a folder by the id on a line of its own in each, unparsed. */
function filesById(folder: string): Map<string, string> {
  return new Map(
    scenarioFilesIn(folder).flatMap((file) => {
      const id = /^id: *(\S+)$/m.exec(readDocument(file))?.[1];
      return id === undefined ? [] : [[id, file] as const];
    }),
  );
}
