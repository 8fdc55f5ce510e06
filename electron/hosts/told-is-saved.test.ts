import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { serviceProcessesOf } from "../lab/watchdog/testing/process-table.ts";
import { killWhileTelling } from "../testing/kill-while-telling.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";

describe.runIf(process.platform === "linux")(
  "a lab that is killed while thousands of events come in",
  { timeout: 400_000 },
  () => {
    test("has in its history everything that its window was told is saved", async () => {
      const home = temporaryFolder();
      for (const afterEvents of [500, 8_000]) {
        const told = await killWhileTelling(home, afterEvents);
        expect(told.events).toBeGreaterThanOrEqual(afterEvents);
        expect(told.saved).toBeGreaterThan(0.9 * afterEvents);
        expect(told.missing).toEqual([]);
        expect(told.damage).toEqual([]);
      }
      await expect.poll(() => serviceProcessesOf(join(home, "data"))).toEqual([]);
    });
  },
);
