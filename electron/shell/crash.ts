import { app, type BrowserWindow, dialog } from "electron";
import type { Shell } from "./shell.ts";

/** A page that dies again this soon, this often, will not be helped by another load. */
const CRASH_LIMIT = 3;
const CRASH_WINDOW_MS = 60_000;

/** The page may die or hang; the run goes on in the engine, and the window comes back to it. */
export function register(shell: Shell): void {
  const crashes: number[] = [];
  app.on("browser-window-created", (_event, window) => {
    window.webContents.on("render-process-gone", (_gone, { reason }) => {
      if (reason === "clean-exit" || shell.isQuitting) return;
      const now = Date.now();
      crashes.push(now);
      const recent = crashes.filter((time) => now - time < CRASH_WINDOW_MS);
      if (recent.length < CRASH_LIMIT) window.webContents.reload();
      else void askToReload(window, "The window keeps crashing", `The last reason was: ${reason}.`);
    });
    window.on("unresponsive", () => void askToReload(window, "The window does not answer", ""));
  });
}

async function askToReload(window: BrowserWindow, message: string, more: string): Promise<void> {
  const { response } = await dialog.showMessageBox(window, {
    type: "warning",
    message,
    detail: `${more} What runs in the lab goes on, and is shown again after loading.`.trim(),
    buttons: ["Load it again", "Wait"],
    defaultId: 0,
    cancelId: 1,
  });
  if (response === 0 && !window.isDestroyed()) window.webContents.reload();
}
