import { z } from "zod";

export const diagnostics = z.object({
  versions: z.record(z.string(), z.string()),
  platform: z.string(),
  host: z.enum(["electron", "browser"]),
  dataFolder: z.string(),
  historyBytes: z.int(),
  historyQueue: z.object({
    /** Events not yet written. */
    waiting: z.int(),
    /** Since the start: events dropped because the queue was full. */
    refused: z.int(),
  }),
  uptimeMs: z.number(),
  queue: z.object({ queued: z.int(), running: z.int() }),
  /** Over at least the last second; milliseconds. */
  eventLoopDelayMs: z.object({ p50: z.number(), p99: z.number(), max: z.number() }),
  memory: z.object({ rssBytes: z.int(), heapUsedBytes: z.int() }),
  streams: z.object({
    open: z.int(),
    /** Batches sent and not yet acknowledged, over all streams. */
    unacknowledged: z.int(),
    /** Events that the slowest stream has not sent yet. */
    furthestBehind: z.int(),
    /** Since the start: progress events sent to slow windows as counts only. */
    progressSkipped: z.int(),
    /** Since the start: streams that fell so far behind that they were served from the history. */
    fedFromHistory: z.int(),
  }),
  /** What was found and restored when the lab started, and other notices. */
  notices: z.array(z.string()),
});
export type Diagnostics = z.infer<typeof diagnostics>;
