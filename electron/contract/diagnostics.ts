import { z } from "zod";

export const diagnostics = z.object({
  versions: z.record(z.string(), z.string()),
  platform: z.string(),
  host: z.enum(["electron", "browser"]),
  dataFolder: z.string(),
  historyBytes: z.int(),
  historyQueue: z.object({
    /** Events that are yet to be written. */
    waiting: z.int(),
    /** Since the start: events that were not kept, since too many waited. */
    refused: z.int(),
  }),
  uptimeMs: z.number(),
  queue: z.object({ queued: z.int(), running: z.int() }),
  /** Of the last second or more; milliseconds. */
  eventLoopDelayMs: z.object({ p50: z.number(), p99: z.number(), max: z.number() }),
  memory: z.object({ rssBytes: z.int(), heapUsedBytes: z.int() }),
  streams: z.object({
    open: z.int(),
    /** Batches sent and not yet acknowledged, of all streams. */
    unacknowledged: z.int(),
    /** Events that the slowest stream has yet to send. */
    furthestBehind: z.int(),
    /** Since the start: progress events that slow windows were told of by number only. */
    progressSkipped: z.int(),
    /** Since the start: streams that fell so far behind that they were fed from the history. */
    fedFromHistory: z.int(),
  }),
  /** What was found and put back when the lab started, and anything else worth knowing. */
  notices: z.array(z.string()),
});
export type Diagnostics = z.infer<typeof diagnostics>;
