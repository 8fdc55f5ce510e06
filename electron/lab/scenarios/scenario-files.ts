import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { LabError } from "../lab-error.ts";

/** By its name, in any case. Hidden files are not: editors and macOS keep copies of their own under such names. */
export function isScenarioFile(path: string): boolean {
  return /^[^.].*\.ya?ml$/i.test(basename(path));
}

/** The scenario files of a folder, sorted by name; not those of folders in it. @throws LabError when there is none */
export function scenarioFilesIn(folder: string): string[] {
  const names = readdirSync(folder).filter(isScenarioFile);
  if (names.length === 0) throw new LabError("bad-input", `there is no scenario (.yaml or .yml) in ${folder}`);
  return names.sort().map((name) => join(folder, name));
}
