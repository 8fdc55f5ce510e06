import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { slowedRun, slowedRunRow } from "../../electron/testing/slowed-run.ts";
import { storeRun } from "../../electron/testing/stored-events.ts";
import { test } from "./lab-under-test.ts";

export const RUN = "11111111-1111-4111-8111-111111111111";
/** Slower by 120 ms during the fault than {@link RUN}. */
export const SLOWER = ["22222222-2222-4222-8222-222222222222", "33333333-3333-4333-8333-333333333333"] as const;

/** With a history of three runs whose every call is arithmetic; no stack is needed. */
export const testOnStoredRuns = test.extend({
  prepared: async ({ home }, use) => {
    mkdirSync(home, { recursive: true, mode: 0o700 });
    await storeRun(join(home, "history.db"), slowedRunRow(RUN), slowedRun(RUN));
    for (const id of SLOWER) {
      const row = slowedRunRow(id, { without: ["retry-budget"], startedWallMs: Date.parse("2024-01-01") });
      await storeRun(join(home, "history.db"), row, slowedRun(id, { slowerByMs: 320 }));
    }
    await use(undefined);
  },
});
