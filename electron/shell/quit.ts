import { app, dialog } from "electron";
import { LabError, messageOf } from "../lab/lab-error.ts";
import type { EngineService } from "../lab/service/engine-service.ts";
import { takeAll } from "../lab/service/operations/closing-steps.ts";
import type { Shell } from "./shell.ts";

const QUIT = 0;
const EXIT = { ended: 0, failed: 1 } as const;

/**
 * The app exits only after every fault is undone. While a run is in progress or a fault is in force, it asks first. What
 * could not be done is reported, and the app exits nevertheless.
 */
export function register(shell: Shell): void {
  let closing: Promise<void> | undefined;
  const end = (service: EngineService | undefined, report: (problem: string) => void) => {
    closing ??= (async () => {
      shell.isQuitting = true;
      shell.window?.hide();
      try {
        await takeAll([async () => service?.close(), () => shell.files.close()]);
        app.exit(EXIT.ended);
      } catch (error) {
        report(explain(error));
        app.exit(EXIT.failed);
      }
    })();
  };
  app.on("before-quit", (event) => {
    event.preventDefault();
    const service = shell.serviceNow();
    if (closing !== undefined) return;
    if (service === undefined || !service.isAtWork) end(service, showAndLog);
    else void ask(shell, service.endingText).then((isAgreed) => isAgreed && end(service, showAndLog));
  });
  // A window may be closed by the system; the engine does not keep running without one.
  app.on("window-all-closed", () => app.quit());
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => end(shell.serviceNow(), log));
}

/** After a signal the problem is only logged: nobody may be there to close a dialog. */
function log(problem: string): void {
  process.stderr.write(`resilience-lab: ${problem}\n`);
}

function showAndLog(problem: string): void {
  log(problem);
  dialog.showErrorBox("Resilience Lab quit with problems", problem);
}

function explain(error: unknown): string {
  const hint = error instanceof LabError && error.hint !== undefined ? `\n${error.hint}` : "";
  return `${messageOf(error)}${hint}`;
}

async function ask({ window }: Shell, detail: string): Promise<boolean> {
  const question = {
    type: "question",
    message: "A run is in progress or a fault is in force",
    detail,
    buttons: ["Undo everything and quit", "Cancel"],
    defaultId: QUIT,
    cancelId: 1,
  } as const;
  const box = { ...question, buttons: [...question.buttons] };
  const { response } = await (window === undefined ? dialog.showMessageBox(box) : dialog.showMessageBox(window, box));
  return response === QUIT;
}
