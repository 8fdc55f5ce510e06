import { app, dialog } from "electron";
import { LabError, messageOf } from "../lab/lab-error.ts";

const EXIT_CODE = 2;

/** Shows the reason and the hint in a dialog, since there is no page yet, then exits. */
export function cannotStart(error: unknown): void {
  const cure = error instanceof LabError && error.cure !== undefined ? `\n\n${error.cure}` : "";
  dialog.showErrorBox("Resilience Lab cannot start", `${messageOf(error)}${cure}`);
  app.exit(EXIT_CODE);
}
