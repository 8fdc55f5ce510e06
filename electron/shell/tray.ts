import { join } from "node:path";
import { app, Menu, nativeImage, Tray } from "electron";
import { HALT_LABEL, halt } from "./menu.ts";
import type { Shell } from "./shell.ts";

/** Kept referenced: a garbage-collected tray disappears. */
let tray: Tray | undefined;

export function register(shell: Shell): void {
  const image = nativeImage.createFromPath(join(shell.iconFolder, "tray.png"));
  // Without a tray, the menu has the same actions.
  if (image.isEmpty()) return;
  tray = new Tray(image);
  tray.setToolTip("Resilience Lab");
  tray.setContextMenu(
    Menu.buildFromTemplate([
      { id: "show", label: "Show the lab", click: () => shell.show() },
      { id: "halt", label: HALT_LABEL, click: () => void halt(shell) },
      { type: "separator" },
      { id: "quit", label: "Quit", click: () => app.quit() },
    ]),
  );
  tray.on("click", () => shell.show());
}
