import { basename, extname } from "node:path";
import { type BrowserWindow, dialog, type FileFilter } from "electron";
import type { FileService } from "../hosts/files/file-service.ts";
import type { HostFiles } from "../lab/service/bundles/bundle-service.ts";
import type { Shell } from "./shell.ts";

const FILTERS = [{ name: "Resilience Lab bundle", extensions: ["zip"] }];
const COMPOSE_FILTERS = [{ name: "Compose file", extensions: ["yaml", "yml"] }];

/** On the desktop, system dialogs ask where to save and which file to open. */
export function shellFiles(files: FileService, shell: Shell): HostFiles {
  const over = <Value>(ask: (window: BrowserWindow) => Promise<Value>, askAlone: () => Promise<Value>) =>
    shell.window === undefined ? askAlone() : ask(shell.window);
  const openOne = async (filters: FileFilter[]) => {
    const options = { filters, properties: ["openFile" as const] };
    const chosen = await over(
      (window) => dialog.showOpenDialog(window, options),
      () => dialog.showOpenDialog(options),
    );
    return chosen.canceled ? undefined : chosen.filePaths[0];
  };
  return {
    async open(fileName) {
      const extension = extname(fileName).slice(1);
      const filters = extension === "zip" ? FILTERS : [{ name: extension.toUpperCase(), extensions: [extension] }];
      const options = { defaultPath: fileName, filters };
      const chosen = await over(
        (window) => dialog.showSaveDialog(window, options),
        () => dialog.showSaveDialog(options),
      );
      if (chosen.canceled || chosen.filePath === "") return undefined;
      const file = chosen.filePath;
      return { file, done: (bytes) => ({ kind: "saved", fileName: basename(file), bytes }) };
    },
    async choose(what) {
      // A trace is detected by its content, whatever its name.
      const file = await openOne(what === "bundle" ? FILTERS : []);
      return file === undefined ? null : files.adopt(file);
    },
    chooseStack: () => openOne(COMPOSE_FILTERS),
    find: (upload) => files.find(upload),
  };
}
