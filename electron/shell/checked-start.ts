import { app, dialog } from "electron";
import { alteredFiles } from "./unpacked-files.ts";

/**
 * The entry point of a packaged app. The rest of the shell is loaded only after the check, since loading it loads the
 * native database module. In a checkout there is no archive to check against.
 */

const EXIT_CODE = 2;
const SHOWN_LIMIT = 10;

const altered = app.isPackaged ? check(app.getAppPath()) : [];
if (altered.length === 0) {
  // Awaited: the app becomes ready only once this module has been evaluated, and schemes are registered before.
  await import("../main.ts");
} else {
  const more = altered.length > SHOWN_LIMIT ? `\nand ${altered.length - SHOWN_LIMIT} more` : "";
  dialog.showErrorBox(
    "Resilience Lab cannot start",
    `Files of the app have been changed since it was packaged:\n\n` +
      `${altered.slice(0, SHOWN_LIMIT).join("\n")}${more}\n\nInstall Resilience Lab again.`,
  );
  app.exit(EXIT_CODE);
}

function check(archive: string): string[] {
  // Electron presents an archive as a folder; here it is read as a file.
  process.noAsar = true;
  try {
    return alteredFiles(archive);
  } catch (error) {
    return [`${archive} cannot be checked: ${error instanceof Error ? error.message : String(error)}`];
  } finally {
    process.noAsar = false;
  }
}
