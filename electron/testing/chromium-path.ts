import { existsSync } from "node:fs";
import { chromium } from "@playwright/test";

const OF_THE_SYSTEM = "/usr/bin/chromium";

/** Where CHROMIUM says, else the system's, else Playwright's own, which the specs fetch when it is not there yet. */
export function chromiumPath(): string {
  return process.env.CHROMIUM ?? (existsSync(OF_THE_SYSTEM) ? OF_THE_SYSTEM : chromium.executablePath());
}
