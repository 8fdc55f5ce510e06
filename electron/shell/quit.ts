import { app, dialog } from "electron";
import type { EngineService } from "../lab/service/engine-service.ts";
import type { Shell } from "./shell.ts";

const QUIT = 0;

/** Nothing ends before what was broken is put back. While a run is on, the person is asked first. */
export function register(shell: Shell): void {
  let closing: Promise<void> | undefined;
  const end = (service: EngineService | undefined) => {
    closing ??= (async () => {
      shell.isQuitting = true;
      shell.window?.hide();
      await service?.close();
      shell.files.close();
      app.exit(0);
    })();
  };
  app.on("before-quit", (event) => {
    event.preventDefault();
    const service = shell.serviceNow();
    if (closing !== undefined) return;
    if (service === undefined || !isAtWork(service)) end(service);
    else void ask(shell).then((isAgreed) => isAgreed && end(service));
  });
  // A window may be closed by the system; the engine is not left to run unseen.
  app.on("window-all-closed", () => app.quit());
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => end(shell.serviceNow()));
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
