import { app, dialog } from "electron";
import { alteredFiles } from "./unpacked-files.ts";

/**
 * What a packaged app runs first. The rest of the shell is loaded only afterwards, since loading it loads the native
 * database module. Run from a checkout there is no archive, and nothing to check against.
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
    `Files of the app are not as they were packaged, so that nothing of it was started:\n\n` +
      `${altered.slice(0, SHOWN_LIMIT).join("\n")}${more}\n\nInstall Resilience Lab again.`,
  );
  app.exit(EXIT_CODE);
}

function check(archive: string): string[] {
  // Electron shows an archive as a folder; here it is read as the file that it is.
  process.noAsar = true;
  try {
    return alteredFiles(archive);
  } catch (error) {
    return [`${archive} cannot be checked: ${error instanceof Error ? error.message : String(error)}`];
  } finally {
    process.noAsar = false;
  }
}
