import { join } from "node:path";
import { findElectron } from "../../electron/hosts/desktop/electron-binary.ts";

export const PROJECT = join(import.meta.dirname, "..", "..");
export const PAGE_FOLDER = join(PROJECT, "test-results", "shell-page");

/** Real Electron if its binary is present, else the stand-in. */
export function shellUnderTest(): { kind: "electron"; binary: string } | { kind: "stand-in"; binary: undefined } {
  const binary = findElectron(join(PROJECT, "node_modules", "electron"), process.env);
  return binary === undefined ? { kind: "stand-in", binary } : { kind: "electron", binary };
}
