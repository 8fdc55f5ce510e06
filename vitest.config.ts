import { defineConfig } from "vitest/config";

/** Tests stand beside what they test. Playwright's specs (`*.spec.ts`) are run by Playwright. */
export default defineConfig({
  test: {
    include: [
      "electron/**/*.test.ts",
      "resources/stack/**/*.test.ts",
      "renderer/**/*.test.{ts,tsx}",
      "e2e/terminal/**/*.test.ts",
    ],
    exclude: ["**/node_modules/**", "resources/stack/build/**"],
    globalSetup: ["electron/testing/build-stack.ts"],
    // Tests send signals, run real processes and load a native module: a process each. One more than CI has cores, since
    // they wait for others most of the time.
    pool: "forks",
    maxWorkers: 3,
    // Of tests that say they may run together, which mostly wait.
    maxConcurrency: 6,
    // Generous, because it only bounds what hangs: processes start slowly on a busy machine.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // .ci/count.mjs reads the second.
    reporters: ["default", ["json", { outputFile: "test-results/vitest.json" }]],
    expect: { poll: { timeout: 60_000, interval: 20 } },
  },
});
