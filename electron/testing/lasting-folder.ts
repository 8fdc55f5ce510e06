import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";

/** A new empty folder, removed when all tests of the file, or of the calling block, have ended. */
export function lastingFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "resilience-lab-test-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
