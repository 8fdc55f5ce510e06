import { closeSync, constants, fstatSync, openSync, readFileSync, statSync } from "node:fs";
import { LabError, messageOf } from "../lab-error.ts";

/**
 * The bytes of a file that a person has named, or that a setting of theirs names. Only regular files are read: of a pipe
 * or a device there may be no end, and waiting for a pipe's writer would hold up the whole process, signals included.
 * The size is looked at before anything is read.
 * @throws LabError `bad-input` naming the file and what is wrong with it
 */
export function readWholeFile(file: string, limitBytes: number): Buffer {
  try {
    // Before it is opened: to open a device can itself do something. Once more after, since the name may be another's now.
    assertFit(statSync(file), file, limitBytes);
    const descriptor = openSync(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      assertFit(fstatSync(descriptor), file, limitBytes);
      return readFileSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    if (error instanceof LabError) throw error;
    throw new LabError("bad-input", `${file} cannot be read: ${messageOf(error)}`, { cause: error });
  }
}

interface Found {
  size: number;
  isFile(): boolean;
  isDirectory(): boolean;
}

function assertFit(found: Found, file: string, limitBytes: number): void {
  if (found.isDirectory()) throw new LabError("bad-input", `${file} cannot be read: it is a folder, not a file`);
  if (!found.isFile()) {
    throw new LabError("bad-input", `${file} cannot be read: it is not a regular file`, {
      cure: "write what it gives into a file, and name that one",
    });
  }
  if (found.size <= limitBytes) return;
  throw new LabError("bad-input", `${file} is larger than is read: ${inKib(found.size)}, at most ${inKib(limitBytes)}`);
}

export function inKib(bytes: number): string {
  return `${Math.ceil(bytes / 1024)} KiB`;
}
