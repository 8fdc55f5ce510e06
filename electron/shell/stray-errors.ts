import { catchStrayErrors } from "../hosts/stray-errors.ts";
import type { Shell } from "./shell.ts";

/** Instead of Electron's own box with a stack trace: the run ends, what it has broken is restored, the window stays. */
export function register(shell: Shell): void {
  catchStrayErrors((error) => shell.serviceNow()?.takeStray(error));
}
