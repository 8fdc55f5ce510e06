import { join } from "node:path";
import { PROJECT_FOLDER } from "../version.ts";
import { type LoadedScenario, loadFolder } from "./load.ts";

export const SHIPPED_SCENARIOS_FOLDER = join(PROJECT_FOLDER, "scenarios");
export const SHIPPED_PLAYLISTS_FOLDER = join(PROJECT_FOLDER, "playlists");

export function shippedScenarios(): LoadedScenario[] {
  return loadFolder(SHIPPED_SCENARIOS_FOLDER);
}
