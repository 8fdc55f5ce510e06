import { afterEach, expect, it, vi } from "vitest";
import { readProcessGauges } from "./process-gauges.ts";

vi.mock("node:fs", () => ({
  readFileSync: () => {
    throw new Error("there is no /proc");
  },
}));
afterEach(() => {
  vi.restoreAllMocks();
});
const fail = () => {
  throw new Error("cannot be read");
};

it("is -1 for a gauge that cannot be read, and tells the others", () => {
  vi.spyOn(process, "getActiveResourcesInfo").mockImplementation(fail);
  const gauges = readProcessGauges();
  expect(gauges).toMatchObject({ thread_count: -1, asyncio_task_count: -1, activeHandles: -1, handles: {} });
  expect(gauges).toMatchObject({ open_sockets: -1, open_timers: -1 });
  expect(gauges.heapUsedBytes).toBeGreaterThan(0);
  expect(gauges.listeners).toBeGreaterThanOrEqual(0);
  vi.spyOn(process, "memoryUsage").mockImplementation(fail);
  expect(readProcessGauges()).toMatchObject({ heapUsedBytes: -1, rssBytes: -1 });
});
