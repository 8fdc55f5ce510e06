import { app, dialog } from "electron";
import { LabError, messageOf } from "../lab/lab-error.ts";
import { takeAll } from "../lab/service/closing-steps.ts";
import type { EngineService } from "../lab/service/engine-service.ts";
import type { Shell } from "./shell.ts";

const QUIT = 0;
const EXIT = { ended: 0, failed: 1 } as const;

/**
 * Nothing ends before what was broken is put back. While a run is on, the person is asked first. What could not be done is
 * said, and then the app ends all the same.
 */
export function register(shell: Shell): void {
  let closing: Promise<void> | undefined;
  const end = (service: EngineService | undefined, say: (problem: string) => void) => {
    closing ??= (async () => {
      shell.isQuitting = true;
      shell.window?.hide();
      try {
        await takeAll([async () => service?.close(), () => shell.files.close()]);
        app.exit(EXIT.ended);
      } catch (error) {
        say(explain(error));
        app.exit(EXIT.failed);
      }
    })();
  };
  app.on("before-quit", (event) => {
    event.preventDefault();
    const service = shell.serviceNow();
    if (closing !== undefined) return;
    if (service === undefined || !isAtWork(service)) end(service, showAndLog);
    else void ask(shell).then((isAgreed) => isAgreed && end(service, showAndLog));
  });
  // A window may be closed by the system; the engine is not left to run unseen.
  app.on("window-all-closed", () => app.quit());
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => end(shell.serviceNow(), log));
}

/** Nobody may be there to close a box when the system ends the app: what a signal ends only writes. */
function log(problem: string): void {
  process.stderr.write(`resilience-lab: ${problem}\n`);
}

function showAndLog(problem: string): void {
  log(problem);
  dialog.showErrorBox("Resilience Lab has ended, but not everything could be done", problem);
}

function explain(error: unknown): string {
  const hint = error instanceof LabError && error.cure !== undefined ? `\n${error.cure}` : "";
  return `${messageOf(error)}${hint}`;
}

function isAtWork(service: EngineService): boolean {
  return service.queue.isBusy || service.stack.faults().length > 0;
}

async function ask({ window }: Shell): Promise<boolean> {
  const question = {
    type: "question",
    message: "Something is broken on purpose right now",
    detail: "A run is on, or a fault is in force. Quitting cancels the run and puts everything back first.",
    buttons: ["Put everything back and quit", "Stay"],
    defaultId: QUIT,
    cancelId: 1,
  } as const;
  const box = { ...question, buttons: [...question.buttons] };
  const { response } = await (window === undefined ? dialog.showMessageBox(box) : dialog.showMessageBox(window, box));
  return response === QUIT;
}
