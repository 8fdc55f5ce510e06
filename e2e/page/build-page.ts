import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { build } from "vite";
import { PROJECT } from "./lab-under-test.ts";

/** What a person would have built before `npm start`: the services and the page. */
export default async function buildPage(): Promise<void> {
  execFileSync(process.execPath, [join(PROJECT, "resources", "stack", "build.mjs")], { stdio: "inherit" });
  await build({ configFile: join(PROJECT, "vite.config.ts"), logLevel: "warn" });
}
