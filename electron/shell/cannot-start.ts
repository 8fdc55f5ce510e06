import { app, dialog } from "electron";
import { asLabError } from "../lab/lab-error.ts";

const EXIT_CODE = 2;

/** Shows the reason and the hint in a dialog, since there is no page yet, then exits. */
export function cannotStart(error: unknown): void {
  const { message, windowHint } = asLabError(error);
  dialog.showErrorBox(
    "Resilience Lab cannot start",
    windowHint === undefined ? message : `${message}\n\n${windowHint}`,
  );
  app.exit(EXIT_CODE);
}
