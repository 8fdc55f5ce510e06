import { join } from "node:path";
import manifest from "../../package.json" with { type: "json" };

/** The folder that holds package.json, scenarios/ and resources/. */
export const PROJECT_FOLDER = join(import.meta.dirname, "..", "..");

export const LAB_VERSION = manifest.version;
