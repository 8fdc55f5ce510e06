import { basename } from "node:path";
import { type BrowserWindow, dialog } from "electron";
import type { FileDesk } from "../hosts/files/file-desk.ts";
import type { HostFiles } from "../lab/service/bundle-desk.ts";
import type { Shell } from "./shell.ts";

const FILTERS = [{ name: "Resilience Lab bundle", extensions: ["zip"] }];

/** On a desktop the person is asked where to, and which. */
export function shellFiles(desk: FileDesk, shell: Shell): HostFiles {
  const over = <Value>(ask: (window: BrowserWindow) => Promise<Value>, askAlone: () => Promise<Value>) =>
    shell.window === undefined ? askAlone() : ask(shell.window);
  return {
    async open(fileName) {
      const options = { defaultPath: fileName, filters: FILTERS };
      const chosen = await over(
        (window) => dialog.showSaveDialog(window, options),
        () => dialog.showSaveDialog(options),
      );
      if (chosen.canceled || chosen.filePath === "") return undefined;
      const file = chosen.filePath;
      return { file, done: (bytes) => ({ kind: "saved", fileName: basename(file), bytes }) };
    },
    async choose() {
      const options = { filters: FILTERS, properties: ["openFile" as const] };
      const chosen = await over(
        (window) => dialog.showOpenDialog(window, options),
        () => dialog.showOpenDialog(options),
      );
      const [file] = chosen.filePaths;
      return chosen.canceled || file === undefined ? null : desk.adopt(file);
    },
    find: (upload) => desk.find(upload),
  };
}
