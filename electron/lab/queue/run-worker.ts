import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { listenForRuns, openQueueStore } from "../history/open-queue-store.ts";
import type { QueueStore } from "../history/queue-store.ts";
import { storeLocation } from "../history/store-location.ts";
import { StoreUnreachable } from "../history/worker-protocol.ts";
import { dataFolder, openHome } from "../home.ts";
import { Lab } from "../lab.ts";
import { asLabError } from "../lab-error.ts";
import type { LabSession } from "../lab-session.ts";
import type { StrayErrors } from "../stray-errors.ts";
import { whenReachable } from "../when-reachable.ts";
import type { Execute } from "./attempt.ts";
import { Deliveries } from "./deliveries.ts";
import { endEarlierAttempts } from "./end-earlier-attempts.ts";
import { executeEvaluation } from "./execute-evaluation.ts";
import { executeScenario } from "./execute-scenario.ts";
import { QueueWorkerLoop, type QueueWorkerParts, type WorkerTimes } from "./queue-worker.ts";
import { isEvaluation, type RunSpec } from "./run-spec.ts";
import { stackLabel } from "./submit-run.ts";

/** Of all workers of a data folder. */
const SLOTS_LIMIT = 256;
/** Of a database that is starting. */
const START_LIMIT_MS = 60_000;

export interface RunWorkerOptions extends Pick<QueueWorkerParts, "onChange" | "onFailure"> {
  environment: NodeJS.ProcessEnv;
  strays: StrayErrors;
  concurrency: number;
  labels: readonly string[];
  /** Stack files by name. */
  stacks: ReadonlyMap<string, string>;
  /** For results with the sink `stdout`. */
  write: (line: string) => void;
  times?: WorkerTimes;
  /** Called once it claims runs. @param wake runs were submitted: it does not wait for the next poll */
  onReady: (wake: () => void) => void;
}

/**
 * Carries out submitted runs until the signal aborts. Each of its slots is a lab with a data folder of its own in this
 * one's, and so with a fault journal, a watchdog and stacks of its own; runs are recorded in the common history.
 */
export async function runWorker(options: RunWorkerOptions, signal: AbortSignal): Promise<void> {
  const { environment, concurrency, labels, stacks, onFailure } = options;
  const home = openHome(dataFolder(environment));
  const location = storeLocation(environment, home.historyFile);
  const queue = await onceStarted(() => openQueueStore(location));
  const { times, onChange } = options;
  const all = [...labels, ...[...stacks.keys()].map(stackLabel)];
  const sinks = { folder: join(home.folder, "sinks"), environment, write: options.write };
  const deliveries = new Deliveries({
    queue,
    labels: all,
    sinks,
    onFailure,
    ...(times === undefined ? {} : { times: { tryLimitMs: times.leaseMs, pollMs: times.pollMs } }),
  });
  try {
    await inSlots(concurrency, async (executors) => {
      const worker = new QueueWorkerLoop({
        queue,
        labels: all,
        executors,
        onFailure,
        onEnded: () => deliveries.wake(),
        ...(times === undefined ? {} : { times }),
        ...(onChange === undefined ? {} : { onChange }),
      });
      // Runs that are there are claimed meanwhile.
      const listening = listenForRuns(location, all, () => worker.wakeWhenIdle(), signal);
      options.onReady(() => worker.wake());
      await Promise.all([worker.work(signal), deliveries.work(signal), listening]);
    });
  } finally {
    await queue.close();
  }

  /** A worker and its database are often started together, or again. */
  function onceStarted<Value>(open: () => Promise<Value>): Promise<Value> {
    return whenReachable(open, START_LIMIT_MS, signal);
  }

  /** Opens a lab for each slot, one within the other, since a lab ends with what it is opened for. */
  async function inSlots(
    count: number,
    use: (executors: Execute[]) => Promise<void>,
    opened: Execute[] = [],
    from = 1,
  ): Promise<void> {
    if (opened.length === count) return use(opened);
    for (let slot = from; ; slot++) {
      const folder = join(home.folder, "workers", String(slot));
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const own = { ...environment, RESILIENCE_LAB_HOME: folder };
      const lab = await onceStarted(() => Lab.open(own, options.strays, location));
      let hasBegun = false;
      try {
        return await lab.work("carrying out submitted runs", signal, (session) => {
          hasBegun = true;
          return inSlots(count, use, [...opened, executorOf(lab, session, queue, options)], slot + 1);
        });
      } catch (error) {
        if (hasBegun || slot >= SLOTS_LIMIT) throw error;
        // The database has gone since: the same slot is tried again. Another worker of this data folder has it: the next one.
        if (error instanceof StoreUnreachable) slot--;
        else if (asLabError(error).code !== "busy") throw error;
      } finally {
        await lab.close();
      }
    }
  }
}

function executorOf(
  lab: Lab,
  session: LabSession,
  queue: QueueStore,
  { stacks, environment }: RunWorkerOptions,
): Execute {
  return async (run, context) => {
    await endEarlierAttempts(run, lab.history, queue);
    const spec = run.spec as RunSpec;
    if (isEvaluation(spec)) return executeEvaluation(run, spec, context, environment);
    const resolve = lab.resolve.bind(lab);
    return executeScenario(run, spec, context, { session, resolve, stacks });
  };
}
