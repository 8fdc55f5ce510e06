/**
 * A process with several workers of the simulation, whose runs only write a result. Arguments: JSON of the location, the
 * number of workers.
 */
import type { StoreLocation } from "../../lab/history/history-threads.ts";
import { listenForRuns, openQueueStore } from "../../lab/history/open-queue-store.ts";
import type { Execute } from "../../lab/queue/attempt.ts";
import { QueueWorkerLoop } from "../../lab/queue/queue-worker.ts";
import { type RunResultBody, toResults } from "../../lab/queue/run-result.ts";
import { SIMULATED_TIMES } from "./times.ts";

const [location = "", workers = "1"] = process.argv.slice(2);
const at = JSON.parse(location) as StoreLocation;
const queue = await openQueueStore(at);
const stop = new AbortController();
process.on("SIGTERM", () => stop.abort(new Error("stopped")));

const execute: Execute = async ({ runId }, { putResults }) => {
  const body: RunResultBody = {
    evaluatorType: "outcome",
    status: "passed",
    score: 1,
    perInvocationScores: [],
    traceId: null,
    details: null,
    errorText: null,
    latencyMs: 1,
  };
  await putResults(toResults(runId, "simulated#1", [{ evaluator: "outcome", body }]));
  return { outcome: "passed", reason: "simulated", summary: null };
};

const worker = new QueueWorkerLoop({
  queue,
  labels: [],
  executors: Array.from({ length: Number(workers) }, () => execute),
  times: SIMULATED_TIMES,
  onFailure: (error) => process.stderr.write(`${String(error)}\n`),
});
const listening = listenForRuns(at, [], () => worker.wakeWhenIdle(), stop.signal);
await Promise.all([worker.work(stop.signal), listening]);
await queue.close();
