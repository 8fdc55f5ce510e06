import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";
import { folderOf } from "./electron/testing/build-lab.ts";
import { LAB_OF_PARTS } from "./electron/testing/build-stack.ts";
import { startsBundles } from "./electron/testing/starts-bundles.ts";
import { leftToOtherTurns } from "./electron/testing/turns.ts";

const SERVICES = "resources/stack/**/*.test.ts";
const TESTS = ["electron/**/*.test.ts", "renderer/**/*.test.{ts,tsx}", "e2e/terminal/**/*.test.ts"];
const NONE = ["**/node_modules/**", "resources/stack/build/**", ...leftToOtherTurns()];

/**
 * Tests that change or measure their process: they replace modules or globals, set its environment, count its timers, sockets
 * or garbage, or need it never to be busy with more than theirs. And those that wait. A process each.
 */
const ALONE = [
  "**/*.docker.test.ts",
  "e2e/terminal/**/*.test.ts",
  "electron/hosts/terminal/main.test.ts",
  "electron/lab/process-usage.test.ts",
  "electron/lab/bundles/bundles.test.ts",
  "electron/lab/history/sqlite/writer.test.ts",
  "electron/lab/runs/{follow-ends,manual-session,runner}.test.ts",
  "electron/lab/scenarios/{settle-decisions,steps}.test.ts",
  "electron/lab/service/{beat,engine-service}.test.ts",
  "electron/lab/stacks/{log-tail-unwatched,process-driver}.test.ts",
  "renderer/lab-client/lab-client.test.ts",
  "resources/stack/fault-proxy/links/close-socket.test.ts",
  "resources/stack/http/process-gauges.test.ts",
  "resources/stack/mcp-server/sessions.test.ts",
];

/** Files that mostly wait, for an engine or for a run: a minute or more each. */
const WAITS = /\.docker\.test\.ts$|\/e2e\/terminal\//;

/**
 * Those that wait come first, beside the pages; at the end there are only files that keep the processor busy. Project by
 * project, since a process is kept for the next file only if that is of the same project.
 */
class WaitingFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const waits = ({ moduleId }: TestSpecification) => WAITS.test(moduleId);
    const names = ["alone", "together", "services"];
    const place = (file: TestSpecification) => (waits(file) ? -1 : names.indexOf(file.project.name));
    return sorted.toSorted((one, other) => place(one) - place(other));
  }
}

const plugins = [startsBundles(folderOf(LAB_OF_PARTS))];

/** Tests stand beside what they test. Playwright's specs (`*.spec.ts`) are run by Playwright. */
export default defineConfig({
  test: {
    globalSetup: ["electron/testing/build-stack.ts"],
    // One more than CI has cores, since tests wait for others most of the time.
    maxWorkers: 3,
    sequence: { sequencer: WaitingFirst },
    // .ci/count.mjs reads the second.
    reporters: ["default", ["json", { outputFile: "test-results/vitest.json" }]],
    projects: [
      { plugins, test: { ...limits(), name: "alone", include: ALONE, exclude: NONE } },
      // To start a process, and to load the lab in it, is a third of what most of these cost.
      { plugins, test: { ...limits(), ...shared(), name: "together", include: TESTS, exclude: [...NONE, ...ALONE] } },
      // Not beside the lab's: they word the errors of a schema in their own way, which is set for a whole process.
      { test: { ...limits(), ...shared(), name: "services", include: [SERVICES], exclude: [...NONE, ...ALONE] } },
    ],
  },
});

/** One process for many files. What a test has replaced is there again for the next one, which may be of another file. */
function shared() {
  return { isolate: false, restoreMocks: true, unstubEnvs: true, unstubGlobals: true };
}

function limits() {
  return {
    pool: "forks" as const,
    // Of tests that say they may run together, which mostly wait.
    maxConcurrency: 6,
    // Generous, because it only bounds what hangs: processes start slowly on a busy machine.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    expect: { poll: { timeout: 240_000, interval: 20 } },
  };
}
