import { app, type BrowserWindow, dialog } from "electron";
import type { Shell } from "./shell.ts";

/** A page that crashes this often within this time is not reloaded automatically again. */
const CRASH_LIMIT = 3;
const CRASH_WINDOW_MS = 60_000;

/** The page may crash or hang; the run continues in the engine, and the window shows it again after reloading. */
export function register(shell: Shell): void {
  const crashes: number[] = [];
  app.on("browser-window-created", (_event, window) => {
    window.webContents.on("render-process-gone", (_gone, { reason }) => {
      if (reason === "clean-exit" || shell.isQuitting) return;
      const now = Date.now();
      crashes.push(now);
      const recent = crashes.filter((time) => now - time < CRASH_WINDOW_MS);
      if (recent.length < CRASH_LIMIT) window.webContents.reload();
      else void askToReload(window, "The window keeps crashing", `Last reason: ${reason}.`);
    });
    window.on("unresponsive", () => void askToReload(window, "The window is not responding", ""));
  });
}

async function askToReload(window: BrowserWindow, message: string, more: string): Promise<void> {
  const { response } = await dialog.showMessageBox(window, {
    type: "warning",
    message,
    detail: `${more} Runs continue in the lab and are shown again after reloading.`.trim(),
    buttons: ["Reload", "Wait"],
    defaultId: 0,
    cancelId: 1,
  });
  if (response === 0 && !window.isDestroyed()) window.webContents.reload();
}
