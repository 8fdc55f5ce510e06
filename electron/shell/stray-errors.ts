import { catchStrayErrors } from "../hosts/stray-errors.ts";
import type { Shell } from "./shell.ts";

/** Replaces Electron's error dialog: the run ends, its faults are undone, the window stays open. */
export function register(shell: Shell): void {
  catchStrayErrors((error) => shell.serviceNow()?.takeStray(error));
}
