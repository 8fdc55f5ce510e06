import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { compileCache } from "../compile-cache.ts";
import type { Evaluation } from "../evaluation/evaluate.ts";
import { fromThrown, type toThrown } from "../history/worker-protocol.ts";
import { LabError } from "../lab-error.ts";
import { evaluationRequest } from "./evaluation-request.ts";
import type { EvalConfig } from "./run-spec.ts";

/** In the packaged app this is a separate bundle. */
const WORKER_FILE = join(import.meta.dirname, "evaluation-worker.ts");
/** A file that needs more fails alone, and not the process. */
const MEMORY_LIMIT_MB = 2_048;

export interface ToEvaluate {
  /** The name is for its problems. */
  files: readonly { name?: string; bytes: Uint8Array }[];
  config: EvalConfig;
  /** In the Agent Development Kit's format; null or undefined without one. */
  evalSet: unknown;
}

export type FromEvaluation =
  | { is: "read"; traces: number; problems: string[] }
  | { is: "evaluated"; evaluation: Evaluation }
  | { is: "failed"; error: ReturnType<typeof toThrown> };

/**
 * Reads and evaluates trace files on a thread of its own: a large one keeps neither requests nor leases of this one waiting.
 * The signal ends the thread wherever it is.
 * @param onTrace called with each trace in turn @returns all of them, and what could not be read
 * @throws LabError for a metric, threshold or eval set that cannot be used; the signal's reason
 */
export async function evaluateOnThread(
  given: ToEvaluate,
  signal: AbortSignal,
  onTrace: (evaluation: Evaluation, at: { index: number; traces: number }) => Promise<void>,
): Promise<{ evaluations: Evaluation[]; problems: string[] }> {
  signal.throwIfAborted();
  evaluationRequest(given.config, given.evalSet, signal);
  const worker = new Worker(WORKER_FILE, {
    workerData: given,
    name: "evaluation",
    execArgv: [],
    env: { ...compileCache(), ...process.env },
    resourceLimits: { maxOldGenerationSizeMb: MEMORY_LIMIT_MB },
  });
  const evaluations: Evaluation[] = [];
  let read = { traces: 0, problems: [] as string[] };
  let telling: Promise<void> = Promise.resolve();
  const ended = new Promise<void>((resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    worker.on("message", (message: FromEvaluation) => {
      if (message.is === "failed") return reject(fromThrown(message.error));
      if (message.is === "read") {
        read = message;
        return;
      }
      const at = { index: evaluations.length, traces: read.traces };
      evaluations.push(message.evaluation);
      telling = telling.then(() => onTrace(message.evaluation, at));
      telling.catch(reject);
    });
    worker.once("error", (error: Error & { code?: string }) => reject(explained(error)));
    worker.once("exit", () => resolve());
  });
  try {
    await ended;
    await telling;
  } finally {
    await worker.terminate();
  }
  return { evaluations, problems: read.problems };
}

function explained(error: Error & { code?: string }): Error {
  if (error.code !== "ERR_WORKER_OUT_OF_MEMORY") return error;
  return new LabError("bad-input", `the traces need more than ${MEMORY_LIMIT_MB} MiB of memory to be evaluated`, {
    hint: "split them, or export fewer",
  });
}
