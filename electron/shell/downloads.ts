import { extname } from "node:path";
import { session } from "electron";
import { PAGE_ADDRESS } from "./protocol.ts";

/** The page saves what it has made itself, such as a picture, where the system's dialog asks for; it downloads nothing else. */
export function register(): void {
  session.defaultSession.on("will-download", (event, item) => {
    if (!item.getURL().startsWith(`blob:${PAGE_ADDRESS}`)) return event.preventDefault();
    const name = item.getFilename();
    const extension = extname(name).slice(1);
    const filters = extension === "" ? [] : [{ name: extension.toUpperCase(), extensions: [extension] }];
    item.setSaveDialogOptions({ defaultPath: name, filters });
  });
}
