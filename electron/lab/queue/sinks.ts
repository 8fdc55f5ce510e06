import { appendFile, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { AbortScope } from "../abort-scope.ts";
import type { QueuedRun, StoredQueueResult } from "../history/queue-store.ts";
import { messageOf } from "../lab-error.ts";
import type { Sink } from "./run-spec.ts";
import { apiStateOf } from "./run-states.ts";

const FIRST_PAUSE_MS = 500;
const PAUSE_LIMIT_MS = 10_000;

export interface SinkParts {
  /** Of the files that sinks write. */
  folder: string;
  environment: NodeJS.ProcessEnv;
  /** A line of JSON for the worker's standard output. */
  write: (line: string) => void;
}

/** What a sink gets when a run has ended. */
export function sinkPayload(run: QueuedRun, results: readonly StoredQueueResult[]) {
  const status = apiStateOf(run);
  return {
    phase: status === "failed" ? "error" : "final",
    runId: run.runId,
    attempt: run.attempt,
    status,
    outcome: run.outcome,
    reason: run.reason,
    summary: run.summary,
    results: results.map(({ resultId, item, evaluator, body }) => ({ resultId, item, evaluator, ...(body as object) })),
  };
}

/** A try that failed, and may succeed later: no answer, or a 5xx. */
class MayPass extends Error {
  readonly mayPass = true;
}

export function pauseAfterMs(tries: number): number {
  return Math.min(PAUSE_LIMIT_MS, FIRST_PAUSE_MS * 2 ** (tries - 1));
}

/** Of a webhook; what else fails is not tried again. */
export function triesOf(sink: Sink): number {
  return sink.kind === "http_webhook" ? sink.maxAttempts : 1;
}

/** One try. @throws Error, with `mayPass` when another try may succeed */
export async function send(sink: Sink, line: string, parts: SinkParts, signal: AbortSignal): Promise<void> {
  if (sink.kind === "stdout") parts.write(line);
  else if (sink.kind === "file") {
    const file = join(parts.folder, sink.path);
    await mkdir(dirname(file), { recursive: true });
    await appendFile(file, line);
  } else await post(sink, line, parts, signal);
}

async function post(
  { url, timeoutS, headersFromEnv }: Sink & { kind: "http_webhook" },
  body: string,
  { environment }: SinkParts,
  signal: AbortSignal,
): Promise<void> {
  const { host } = new URL(url);
  const headers = { "content-type": "application/json", ...secretHeaders(headersFromEnv, environment) };
  const scope = new AbortScope(signal, timeoutS * 1000);
  try {
    const request = { method: "POST", redirect: "manual", signal: scope.signal, headers, body } as const;
    const { ok, status } = await fetch(url, request).then(
      async (response) => {
        await response.body?.cancel();
        return response;
      },
      (error: unknown) => {
        throw new MayPass(`${host} did not answer: ${messageOf(error)}`);
      },
    );
    if (status >= 500) throw new MayPass(`${host} answered ${status}`);
    if (!ok) throw new Error(`${host} answered ${status}`);
  } finally {
    scope.end();
  }
}

/** @throws Error naming a variable that is not set */
export function secretHeaders(named: Readonly<Record<string, string>>, environment: NodeJS.ProcessEnv) {
  return Object.fromEntries(
    Object.entries(named).map(([header, variable]) => {
      const value = environment[variable];
      if (value === undefined) throw new Error(`the worker's environment has no ${variable}`);
      return [header, value];
    }),
  );
}
