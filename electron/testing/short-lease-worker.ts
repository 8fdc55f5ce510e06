/**
 * A worker as a program whose leases are short, so that a test that kills it need not wait for half a minute.
 * Arguments: NAME=FILE of a stack, and labels.
 */
import { runWorker } from "../lab/queue/run-worker.ts";
import { StrayErrors } from "../lab/stray-errors.ts";

const stop = new AbortController();
process.on("SIGTERM", () => stop.abort(new Error("stopped")));
const given = process.argv.slice(2);
const named = given.filter((text) => text.includes("=")).map((text) => text.split("=", 2) as [string, string]);
await runWorker(
  {
    environment: process.env,
    strays: new StrayErrors(),
    concurrency: 1,
    labels: given.filter((text) => !text.includes("=")),
    stacks: new Map(named),
    times: { leaseMs: 8_000, heartbeatMs: 250, pollMs: 50 },
    write: (line) => void process.stdout.write(line),
    onReady: () => process.stderr.write("ready\n"),
    onFailure: (error) => process.stderr.write(`${String(error)}\n`),
  },
  stop.signal,
);
