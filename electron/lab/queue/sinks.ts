import { appendFile, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { QueuedRun, StoredQueueResult } from "../history/queue-store.ts";
import { messageOf } from "../lab-error.ts";
import type { AttemptEnding } from "./attempt.ts";
import type { RunSpec, Sink } from "./run-spec.ts";
import { apiStateOf } from "./run-states.ts";

const FIRST_PAUSE_MS = 500;
const PAUSE_LIMIT_MS = 10_000;

export interface SinkParts {
  /** Of the files that sinks write. */
  folder: string;
  environment: NodeJS.ProcessEnv;
  /** A line of JSON for the worker's standard output. */
  write: (line: string) => void;
  sleep: (ms: number) => Promise<void>;
}

/** What a sink gets when a run has ended. */
export function sinkPayload(run: QueuedRun, ending: AttemptEnding, results: readonly StoredQueueResult[]) {
  const state = apiStateOf({ state: "ended", outcome: ending.outcome });
  return {
    phase: state === "failed" ? "error" : "final",
    runId: run.runId,
    attempt: run.attempt,
    status: state,
    outcome: ending.outcome,
    reason: ending.reason,
    summary: ending.summary,
    results: results.map(({ resultId, item, evaluator, body }) => ({ resultId, item, evaluator, ...(body as object) })),
  };
}

/** Sends the payload to each sink of a run. One that fails neither fails the run nor the others: returns their problems. */
export async function deliver(spec: Pick<RunSpec, "sinks">, payload: object, parts: SinkParts): Promise<string[]> {
  const line = `${JSON.stringify(payload)}\n`;
  const problems = await Promise.all(
    spec.sinks.map((sink) =>
      send(sink, line, parts).then(
        () => [],
        (error: unknown) => [`sink ${sink.kind}: ${messageOf(error)}`],
      ),
    ),
  );
  return problems.flat();
}

async function send(sink: Sink, line: string, parts: SinkParts): Promise<void> {
  if (sink.kind === "stdout") parts.write(line);
  else if (sink.kind === "file") {
    const file = join(parts.folder, sink.path);
    await mkdir(dirname(file), { recursive: true });
    await appendFile(file, line);
  } else await post(sink, line, parts);
}

/** Only what may pass is tried again: no answer, or a 5xx. */
async function post(sink: Sink & { kind: "http_webhook" }, body: string, parts: SinkParts): Promise<void> {
  const headers = { "content-type": "application/json", ...secretHeaders(sink.headersFromEnv, parts.environment) };
  let pauseMs = FIRST_PAUSE_MS;
  for (let attempt = 1; ; attempt++) {
    const problem = await postOnce(sink, { headers, body });
    if (problem === undefined) return;
    if (!problem.mayPass || attempt >= sink.maxAttempts) throw new Error(`${problem.message}, attempt ${attempt}`);
    await parts.sleep(pauseMs);
    pauseMs = Math.min(PAUSE_LIMIT_MS, 2 * pauseMs);
  }
}

async function postOnce(
  { url, timeoutS }: Sink & { kind: "http_webhook" },
  request: { headers: Record<string, string>; body: string },
): Promise<{ message: string; mayPass: boolean } | undefined> {
  const { host } = new URL(url);
  try {
    const signal = AbortSignal.timeout(timeoutS * 1000);
    const response = await fetch(url, { method: "POST", redirect: "manual", signal, ...request });
    await response.body?.cancel();
    if (response.ok) return undefined;
    return { message: `${host} answered ${response.status}`, mayPass: response.status >= 500 };
  } catch (error) {
    return { message: `${host} did not answer: ${messageOf(error)}`, mayPass: true };
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
