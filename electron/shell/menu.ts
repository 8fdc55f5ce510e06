import { app, type BrowserWindow, Menu, type MenuItemConstructorOptions } from "electron";
import type { Shell } from "./shell.ts";

/** Routes of the page, with their keys. */
const PLACES: readonly { label: string; route: string; key: string }[] = [
  { label: "Lab", route: "lab", key: "1" },
  { label: "Approvals", route: "approvals", key: "2" },
  { label: "History", route: "history", key: "3" },
  { label: "Settings", route: "settings", key: "," },
];

export function register(shell: Shell): void {
  const isMac = process.platform === "darwin";
  const goTo: MenuItemConstructorOptions[] = PLACES.map(({ label, route, key }) => ({
    id: `go-${route}`,
    label,
    accelerator: `CmdOrCtrl+${key}`,
    click: () => shell.show(route),
  }));
  Menu.setApplicationMenu(
    Menu.buildFromTemplate([
      ...(isMac ? [{ role: "appMenu" } satisfies MenuItemConstructorOptions] : []),
      {
        label: "Lab",
        submenu: [
          {
            id: "halt",
            label: HALT_LABEL,
            // Handled by the window, see listenForHaltKey.
            accelerator: HALT_KEY,
            registerAccelerator: false,
            click: () => void halt(shell),
          },
          { type: "separator" },
          isMac
            ? { role: "close" }
            : { id: "quit", label: "Quit", accelerator: "CmdOrCtrl+Q", click: () => app.quit() },
        ],
      },
      { role: "editMenu" },
      {
        label: "Go",
        submenu: [...goTo],
      },
      {
        label: "View",
        submenu: [
          { role: "reload" },
          { role: "toggleDevTools" },
          { type: "separator" },
          { role: "resetZoom" },
          { role: "zoomIn" },
          { role: "zoomOut" },
          { role: "togglefullscreen" },
        ],
      },
      { role: "help", submenu: [{ id: "go-help", label: "Shortcuts and help", click: () => shell.show("help") }] },
    ]),
  );
}

export const HALT_LABEL = "Halt: stop and undo everything";
const HALT_KEY = "CmdOrCtrl+.";

/**
 * Handles the key before the page gets it: a menu only receives keys that the page has processed and not handled, so that
 * the key would not work while the page hangs.
 */
export function listenForHaltKey(shell: Shell, { webContents }: BrowserWindow): void {
  const modifier = process.platform === "darwin" ? "meta" : "control";
  webContents.on("before-input-event", (event, input) => {
    if (input.type !== "keyDown" || input.key !== "." || !input[modifier] || input.alt || input.isAutoRepeat) return;
    event.preventDefault();
    void halt(shell);
  });
}

/** Done by the engine, so that it works while the page hangs. */
export async function halt(shell: Shell): Promise<void> {
  await shell.serviceNow()?.faults.halt();
}
