import { accessSync, constants, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { isMap, parseDocument } from "yaml";
import { dataFolder } from "../../home.ts";
import { LabError, messageOf } from "../../lab-error.ts";

/** Beside the compose file: what a person says of the services, in the vocabulary of `x-lab`. */
export const OVERLAY_FILE = "resilience-lab.yaml";

/** The same for a project in whose folder the lab cannot write. Read after the other, so it decides. */
export function ownOverlay(project: string, environment: NodeJS.ProcessEnv): string {
  return join(dataFolder(environment), "projects", `${encodeURIComponent(project)}.yaml`);
}

/** Where corrections of a project are saved: in the file that decides, and beside the compose file unless there is none. */
export function overlayToSave(project: string, folder: string, environment: NodeJS.ProcessEnv): string {
  const own = ownOverlay(project, environment);
  if (existsSync(own)) return own;
  const beside = resolve(folder, OVERLAY_FILE);
  return isWritable(existsSync(beside) ? beside : folder) ? beside : own;
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Values by their path in the file; undefined removes one. */
export type OverlayChanges = readonly (readonly [path: readonly string[], value: unknown])[];

/**
 * Changes values of a file that a person may have written, too: all else in it stays, comments included.
 * @throws LabError naming the file when it is no YAML, or cannot be written
 */
export function changeOverlay(file: string, changes: OverlayChanges): void {
  const document = parseDocument(existsSync(file) ? readFileSync(file, "utf8") : "{}\n");
  const [problem] = document.errors;
  if (problem !== undefined || !isMap(document.contents)) {
    throw new LabError("bad-input", `${file}: ${problem?.message ?? "expected services and x-lab at the top level"}`, {
      hint: "correct the file, or remove it, and save again",
    });
  }
  document.contents.flow = false;
  for (const [path, value] of changes) {
    if (value === undefined) document.deleteIn(path);
    else document.setIn(path, document.createNode(value));
  }
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, document.toString());
  } catch (error) {
    throw new LabError("bad-input", `${file} could not be written: ${messageOf(error)}`, { cause: error });
  }
}
