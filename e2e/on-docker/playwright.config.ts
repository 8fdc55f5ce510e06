import { defineConfig } from "@playwright/test";
import pages from "../playwright.config.ts";

/** The window on projects of a Docker engine, whose published ports are in the machine's own network. */
export default defineConfig({
  ...pages,
  globalSetup: "../build.ts",
  outputDir: "../../test-results/e2e-on-docker",
  reporter: [["list"], ["json", { outputFile: "../../test-results/playwright-on-docker.json" }]],
  projects: [{ name: "browser on Docker", testDir: "." }],
});
