import { copyFileSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { PROJECT_FOLDER } from "../lab/version.ts";

/** Copies the rules of this project's own that biome.json names, without which Biome does not start on a copy of it. */
export function copyLintRules(to: string): void {
  const settings = readFileSync(join(PROJECT_FOLDER, "biome.json"), "utf8");
  for (const [, rule = ""] of settings.matchAll(/"([^"]+\.grit)"/g)) {
    mkdirSync(dirname(join(to, rule)), { recursive: true });
    copyFileSync(join(PROJECT_FOLDER, rule), join(to, rule));
  }
}
