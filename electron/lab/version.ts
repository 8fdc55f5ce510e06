import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

const manifest = z.object({ version: z.string() });

/** The folder that holds package.json, scenarios/ and resources/. */
export const PROJECT_FOLDER = join(import.meta.dirname, "..", "..");

export const LAB_VERSION = manifest.parse(
  JSON.parse(readFileSync(join(PROJECT_FOLDER, "package.json"), "utf8")),
).version;
