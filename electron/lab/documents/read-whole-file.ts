import { closeSync, constants, fstatSync, openSync, readFileSync, readSync, statSync } from "node:fs";
import { LabError, messageOf } from "../lab-error.ts";

/**
 * Reads a file that a person or a setting names. Only regular files are read: a pipe or a device may be endless, and
 * waiting for a pipe's writer would block the whole process, signals included. The size is checked before reading.
 * @throws LabError `bad-input` naming the file and what is wrong with it
 */
export function readWholeFile(file: string, limitBytes: number): Buffer {
  try {
    // Before opening, since opening a device can have an effect; and after it, since the name may refer to another file by then.
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

const BEGINNING_BYTES = 64 * 1024;

/** The beginning of a regular file as text, whatever its encoding and size; empty for what cannot be read. */
export function readBeginning(file: string): string {
  if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true) return "";
  const descriptor = openSync(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const bytes = Buffer.alloc(BEGINNING_BYTES);
    return bytes.subarray(0, readSync(descriptor, bytes)).toString("utf8");
  } finally {
    closeSync(descriptor);
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
      hint: "write its content into a file, and name that file",
    });
  }
  if (found.size <= limitBytes) return;
  throw new LabError("bad-input", `${file} is too large: ${inKib(found.size)}, at most ${inKib(limitBytes)}`);
}

export function inKib(bytes: number): string {
  return `${Math.ceil(bytes / 1024)} KiB`;
}
