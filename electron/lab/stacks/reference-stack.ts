import { join } from "node:path";
import { PROJECT_FOLDER } from "../version.ts";

/** The programs of the stack that the lab ships, each in one file. */
export const PROGRAMS_FOLDER = join(PROJECT_FOLDER, "resources", "stack", "build");
/** The compose file of the stack that the lab ships. */
export const REFERENCE_STACK_FILE = join(PROJECT_FOLDER, "resources", "stack", "compose.yaml");
