import { defineConfig } from "@playwright/test";
import { FLAGS } from "../electron-stand-in/chromium.ts";

/** The page as a person uses it, in a real browser, on a lab of its own. */
export default defineConfig({
  testDir: ".",
  testMatch: "*.spec.ts",
  globalSetup: "./build-page.ts",
  outputDir: "../../test-results/page",
  // Each spec has a lab and a stack of its own, and a stack is six processes.
  workers: 1,
  timeout: 180_000,
  expect: { timeout: 20_000 },
  reporter: "list",
  use: {
    viewport: { width: 1280, height: 800 },
    actionTimeout: 20_000,
    trace: "retain-on-failure",
    launchOptions: { executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: FLAGS },
  },
});
