import { defineConfig } from "@playwright/test";
import pages, { LEFT } from "../playwright.config.ts";

/**
 * What needs the machine's own network: the window on projects of a Docker engine, whose published ports are there, and the
 * package, whose installation asks npm's registry for what it depends on.
 */
export default defineConfig({
  ...pages,
  globalSetup: "../build.ts",
  outputDir: "../../test-results/e2e-on-docker",
  reporter: [["list"], ["json", { outputFile: "../../test-results/playwright-on-docker.json" }]],
  projects: [{ name: "browser on Docker", testDir: ".", testIgnore: LEFT }],
});
