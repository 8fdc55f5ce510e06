import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { PROJECT_FOLDER } from "../../version.ts";

/** The page's run views as one script and one style sheet: vite.viewer.config.ts. */
export interface ViewerBuild {
  script: string;
  style: string;
}

const FOLDER = join(PROJECT_FOLDER, "dist", "viewer");

/** Undefined where it was not built, as in a fresh working copy. */
export async function readViewerBuild(folder: string = FOLDER): Promise<ViewerBuild | undefined> {
  try {
    const [script, style] = await Promise.all(
      ["viewer.js", "viewer.css"].map((name) => readFile(join(folder, name), "utf8")),
    );
    return { script: withinScript(script ?? ""), style: style ?? "" };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** In the strings of a script these would end its element, or hide its end. */
function withinScript(script: string): string {
  return script.replaceAll(/<(?=\/script|!--|script)/gi, "\\x3c");
}

/** As a source of a content security policy. */
export function hashOf(text: string): string {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}
