import { app, dialog } from "electron";
import { LabError, messageOf } from "../lab/lab-error.ts";

const EXIT_CODE = 2;

/** Says why, and what to do, before there is a page that could; then ends. */
export function cannotStart(error: unknown): void {
  const cure = error instanceof LabError && error.cure !== undefined ? `\n\n${error.cure}` : "";
  dialog.showErrorBox("Resilience Lab cannot start", `${messageOf(error)}${cure}`);
  app.exit(EXIT_CODE);
}
