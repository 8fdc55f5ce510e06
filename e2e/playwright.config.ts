import { defineConfig } from "@playwright/test";
import { leftToOtherTurns } from "../electron/testing/turns.ts";
import { CHROMIUM } from "./electron-stand-in/chromium.ts";
import type { HostOption } from "./page/lab-under-test.ts";

/** For visual review, and for the README. */
const PICTURES = ["screenshots.spec.ts", "animation.spec.ts"];
/** What this commit does not run on CI. */
export const LEFT = leftToOtherTurns().map((file) => `**/${file}`);

/** The lab as a person uses it: its page in a real browser and in the desktop app, and the app itself. */
export default defineConfig<HostOption>({
  globalSetup: "./build.ts",
  outputDir: "../test-results/e2e",
  // Each spec has a lab and a stack of its own.
  workers: 2,
  // Generous, because they only end a spec that hangs.
  timeout: 600_000,
  expect: { timeout: 120_000 },
  reporter: [["list"], ["json", { outputFile: "../test-results/playwright.json" }]],
  use: {
    viewport: { width: 1280, height: 800 },
    // Transitions are drawn frame by frame without a GPU. The desktop app has them, in the same specs.
    contextOptions: { reducedMotion: "reduce" },
    actionTimeout: 120_000,
    // A trace costs as much as everything else together: `--trace retain-on-failure` has it.
    screenshot: "only-on-failure",
    launchOptions: CHROMIUM,
  },
  projects: [
    { name: "browser", testDir: "./page", testIgnore: [...PICTURES, ...LEFT], use: { host: "browser" } },
    {
      name: "desktop page",
      testDir: "./page",
      testIgnore: LEFT,
      // Only what depends on the host; files, sockets and origins are the browser host's.
      grep: /@app/,
      use: { host: "desktop" },
    },
    { name: "desktop shell", testDir: "./desktop" },
    { name: "screenshots", testDir: "./page", testMatch: PICTURES, use: { host: "browser" } },
  ],
});
