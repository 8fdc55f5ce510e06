import { app, dialog } from "electron";
import { LabError, messageOf } from "../lab/lab-error.ts";

const EXIT_CODE = 2;

/** Shows the reason and the hint in a dialog, since there is no page yet, then exits. */
export function cannotStart(error: unknown): void {
  const hint = error instanceof LabError && error.hint !== undefined ? `\n\n${error.hint}` : "";
  dialog.showErrorBox("Resilience Lab cannot start", `${messageOf(error)}${hint}`);
  app.exit(EXIT_CODE);
}
