import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { serviceProcessesOf } from "../lab/watchdog/testing/process-table.ts";
import { killWhileStreaming } from "../testing/kill-while-streaming.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";

describe.runIf(process.platform === "linux")("a lab that is killed while it records thousands of events", () => {
  test("has in its history everything that was reported to its window as saved", async () => {
    const home = temporaryFolder();
    for (const afterEvents of [500, 8_000]) {
      const reported = await killWhileStreaming(home, afterEvents);
      expect(reported.lastSeq).toBeGreaterThanOrEqual(afterEvents);
      expect(reported.saved).toBeGreaterThan(0.9 * reported.events);
      expect(reported.missing).toEqual([]);
      expect(reported.damage).toEqual([]);
    }
    await expect.poll(() => serviceProcessesOf(join(home, "data"))).toEqual([]);
  });
});
