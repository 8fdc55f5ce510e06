import { defineConfig } from "@playwright/test";

/** The desktop shell: the built main and preload, on real Electron or on its stand-in. */
export default defineConfig({
  testDir: ".",
  testMatch: "*.spec.ts",
  globalSetup: "./build-shell.ts",
  outputDir: "../../test-results/desktop",
  // Each spec has a lab, a stack and a browser of its own.
  workers: 1,
  timeout: 120_000,
  expect: { timeout: 20_000 },
  reporter: "list",
});
