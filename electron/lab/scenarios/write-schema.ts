import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { PROJECT_FOLDER } from "../version.ts";
import { scenario } from "./schema.ts";

/** Path of the JSON Schema: each shipped scenario refers to it in its first line, for editors. */
export const SCHEMA_FILE = join(PROJECT_FOLDER, "scenarios", "scenario.schema.json");

/** The scenario format as JSON Schema (draft 2020-12), of its input form: durations are strings with a unit. */
export function scenarioSchemaText(): string {
  return `${JSON.stringify(z.toJSONSchema(scenario, { io: "input" }), null, 2)}\n`;
}

if (process.argv[1] === import.meta.filename) writeFileSync(SCHEMA_FILE, scenarioSchemaText());
