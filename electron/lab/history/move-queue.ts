import { isDeepStrictEqual } from "node:util";
import { LabError } from "../lab-error.ts";
import type { EndedRun, QueueStore } from "./queue-store.ts";

const READ_AT_ONCE = 50;
const OPEN_NAMED = 1_000;

export interface MovedQueue {
  /** Submitted runs and results that were copied and compared. */
  runs: number;
  results: number;
  /** Runs that the target had already, with the same content. */
  alreadyThere: number;
  /** Runs that were not copied, with the reason. */
  kept: { runId: string; because: string }[];
}

/**
 * Copies all submitted runs that have ended, with their attempts, results and what their sinks are still to be sent, and
 * compares each with its original. Those that have not are named: they would be carried out in both places.
 * @throws LabError when a copy differs from its original
 */
export async function moveQueue(source: QueueStore, target: QueueStore, signal: AbortSignal): Promise<MovedQueue> {
  const moved: MovedQueue = { runs: 0, results: 0, alreadyThere: 0, kept: [] };
  for (let after = 0; ; ) {
    const ended = await source.endedRuns(after, READ_AT_ONCE);
    for (const each of ended) {
      signal.throwIfAborted();
      const runId = String(each.run.run_id);
      const isNew = await target.addEndedRun(each);
      const isSame = isDeepStrictEqual(contentOf(await target.endedRun(runId)), contentOf(each));
      if (isSame && isNew) {
        moved.runs++;
        moved.results += each.results.length;
      } else if (isSame) moved.alreadyThere++;
      else if (isNew) throw new LabError("internal", `the copy of the submitted run ${runId} differs`);
      else moved.kept.push({ runId, because: "the target has another with its id" });
      after = each.number;
    }
    if (ended.length < READ_AT_ONCE) break;
  }
  for (const { runId, state } of await source.list({ states: ["queued", "running"], limit: OPEN_NAMED })) {
    const what = state === "queued" ? "it waits" : "it is in progress";
    moved.kept.push({ runId, because: `${what}: cancel it, or move again when it has ended` });
  }
  return moved;
}

/** Its place in the queue is another in each. */
function contentOf(run: EndedRun | undefined): object | undefined {
  return run && { ...run, number: 0 };
}
