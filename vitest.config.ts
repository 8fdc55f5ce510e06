import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

const TESTS = [
  "electron/**/*.test.ts",
  "resources/stack/**/*.test.ts",
  "renderer/**/*.test.{ts,tsx}",
  "e2e/terminal/**/*.test.ts",
];
const NONE = ["**/node_modules/**", "resources/stack/build/**"];

/**
 * Tests of functions: they start no process, thread or server, load nothing native, replace no module and leave nothing
 * changed in their process. One process runs many such files, since to start one costs more than the tests in it.
 */
const PURE = [
  "electron/model/**/*.test.ts",
  "electron/lab/{events,redaction,reports,trace-files}/**/!(recorded-run).test.ts",
  "electron/lab/evaluation/!(custom-evaluator).test.ts",
  "electron/lab/bundles/{otlp-trace,report/report}.test.ts",
  "electron/lab/scenarios/{certainty,checks,describe,fields,load,plan}.test.ts",
  "electron/lab/service/streams/{credit,json-text}.test.ts",
  "electron/lab/stacks/{interpolation,stack-file}.test.ts",
  "electron/lab/stacks/docker/{engine-error,event-shape,inspection,log-frames,propose-*,shell-words}.test.ts",
  "electron/shell/{link-route,window-state}.test.ts",
  "renderer/!(lab-client)/**/*.test.{ts,tsx}",
  "resources/stack/agent/{model,scripted}-planner.test.ts",
  "resources/stack/fault-proxy/{address,randomness,record-log,settings}.test.ts",
  "resources/stack/fault-proxy/{parsing,toxics}/**/*.test.ts",
  "resources/stack/fault-proxy/stages/slicer.test.ts",
  "resources/stack/gateway/{policy,sessions}/**/*.test.ts",
  "resources/stack/gateway/approvals/{digest,slack-signature}.test.ts",
  "resources/stack/gateway/audit/storable.test.ts",
  "resources/stack/gateway/backends/{event,http-response}-parser.test.ts",
  "resources/stack/gateway/calls/{history,trace-context}.test.ts",
  "resources/stack/http/guard.test.ts",
  "resources/stack/payments-mcp/ledger.test.ts",
];

/** Files that mostly wait, for an engine or for a run: a minute or more each. */
const WAITS = /\.docker\.test\.ts$|\/e2e\/terminal\//;

/** Those that wait come first, beside the pages; at the end there are only files that keep the processor busy. */
class WaitingFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const waits = ({ moduleId }: TestSpecification) => WAITS.test(moduleId);
    return [...sorted.filter(waits), ...sorted.filter((file) => !waits(file))];
  }
}

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
      { test: { ...limits(), name: "pure", include: PURE, exclude: NONE, isolate: false } },
      // Tests send signals, run real processes and load a native module: a process each.
      { test: { ...limits(), name: "parts", include: TESTS, exclude: [...NONE, ...PURE] } },
    ],
  },
});

function limits() {
  return {
    pool: "forks" as const,
    // Of tests that say they may run together, which mostly wait.
    maxConcurrency: 6,
    // Generous, because it only bounds what hangs: processes start slowly on a busy machine.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 60_000, interval: 20 } },
  };
}
