import { once } from "node:events";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { createParser } from "eventsource-parser";
import type { TestPostgres } from "../../../testing/postgres.ts";

/**
 * What an outside observer sees of submitted runs, with nothing of the lab's: rows of the database, the process table, a
 * web server that sinks are sent to, and an HTTP client that tries again for as long as nobody answers.
 */
export interface Outside {
  sql: TestPostgres["query"];
  schema: string;
  token: string;
  /** Of a server that is up. */
  address(): string;
}

interface Answer {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: an outside client knows no types
  body: any;
}

/** Longer than a server may take to find out that its database is away. */
const ANSWER_LIMIT_MS = 90_000;

/** Tries again while nobody answers, or the database is away. @throws when a server takes a request and says nothing */
export async function ask({ address, token }: Outside, path: string, body?: unknown): Promise<Answer> {
  for (;;) {
    const answer = await fetch(`${address()}${path}`, {
      method: body === undefined ? "GET" : "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
    })
      .then(async (response) => ({ status: response.status, body: await response.json() }))
      .catch((error: Error) => {
        if (error.name === "TimeoutError") throw new Error(`${path} is not answered`);
        return undefined;
      });
    if (answer !== undefined && answer.status < 500) return answer;
    await delay(50);
  }
}

/** Follows the events of a run until its end, resuming wherever the stream is cut. @returns the ids of its events */
export async function follow({ address, token }: Outside, runId: string): Promise<string[]> {
  const ids: string[] = [];
  let isOver = false;
  const parser = createParser({
    onEvent: ({ event, id }) => {
      if (event === "event") ids.push(id ?? "");
      if (event === "end") isOver = true;
    },
  });
  while (!isOver) {
    const resumed: Record<string, string> = ids.length === 0 ? {} : { "last-event-id": ids.at(-1) ?? "" };
    try {
      const headers = { authorization: `Bearer ${token}`, ...resumed };
      const signal = AbortSignal.timeout(ANSWER_LIMIT_MS);
      const response = await fetch(`${address()}/api/runs/${runId}/events`, { headers, signal });
      if (!response.ok) throw new Error(String(response.status));
      const decoder = new TextDecoder();
      for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
        parser.feed(decoder.decode(chunk, { stream: true }));
      }
    } catch (error) {
      if ((error as Error).name === "TimeoutError") throw new Error(`the events of ${runId} come to no end`);
      await delay(50);
    }
    // A message that was cut is sent again whole.
    parser.reset();
  }
  return ids;
}

/** What is wrong with a run that has ended, by the rows of the database alone. */
export async function flawsOf({ sql, schema }: Outside, runId: string, outcomes: readonly string[]): Promise<string[]> {
  const [run] = await sql<{ outcome: string; reason: string; attempt: number; max_attempts: number }>(
    `SELECT outcome, reason, attempt, max_attempts FROM ${schema}.queue WHERE run_id = $1`,
    [runId],
  );
  if (run === undefined) return ["it is lost"];
  const attempts = await sql<{ attempt: number; ending: string | null; ended_ms: string | null; history_runs: string }>(
    `SELECT * FROM ${schema}.queue_attempts WHERE run_id = $1 ORDER BY attempt`,
    [runId],
  );
  const flaws: string[] = [];
  const { outcome, reason, attempt, max_attempts } = run;
  const isUsedUp = outcome === "interrupted" && attempt === max_attempts;
  if (!outcomes.includes(outcome) && !isUsedUp) flaws.push(`it ended as ${outcome} (${reason})`);
  if (attempts.length !== attempt) flaws.push(`${attempts.length} attempts are noted, ${attempt} were counted`);
  const last = attempts.at(-1);
  if (!isUsedUp && last?.ending !== outcome) flaws.push(`its last attempt ended as ${last?.ending}, it as ${outcome}`);
  for (const { attempt: number, ending, ended_ms } of attempts) {
    if (ended_ms === null) flaws.push(`attempt ${number} has not ended`);
    if (number !== attempt && ending !== "lost" && ending !== "released") flaws.push(`attempt ${number} ended it, too`);
  }
  const results = await sql<{ attempt: number }>(`SELECT attempt FROM ${schema}.queue_results WHERE run_id = $1`, [
    runId,
  ]);
  if (!isUsedUp && results.length === 0) flaws.push("it has no results");
  for (const [index, { history_runs }] of attempts.entries()) {
    for (const id of JSON.parse(history_runs) as string[]) {
      flaws.push(...(await flawsOfRecord({ sql, schema }, id, index === attempts.length - 1 && !isUsedUp)));
    }
  }
  return flaws;
}

/** Of a run in the history: it has ended, and its events are all there, in order. */
async function flawsOfRecord(
  { sql, schema }: Pick<Outside, "sql" | "schema">,
  id: string,
  isLast: boolean,
): Promise<string[]> {
  const [record] = await sql<{ status: string; events: string; last: number | null }>(
    `SELECT status, (SELECT count(*) FROM ${schema}.events WHERE run_key = key) AS events,
       (SELECT max(seq) FROM ${schema}.events WHERE run_key = key) AS last FROM ${schema}.runs WHERE id = $1`,
    [id],
  );
  // Of an attempt whose worker was killed at its first event.
  if (record === undefined) return isLast ? [`its record ${id} is lost`] : [];
  const flaws = record.status === "ended" ? [] : [`its record ${id} has not ended`];
  if (Number(record.events) !== (record.last ?? 0)) flaws.push(`events of its record ${id} are lost`);
  return flaws;
}

/** Command lines of processes that were started in the folder, or know of it, but for some. */
export function processesOf(folder: string, but: readonly number[] = []): string[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => pid > 0 && pid !== process.pid && !but.includes(pid))
    .flatMap((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
        const knows = readFileSync(`/proc/${pid}/environ`, "utf8").includes(folder) || command.includes(folder);
        return knows || readlinkSync(`/proc/${pid}/cwd`).startsWith(folder) ? [`${pid} ${command}`] : [];
      } catch {
        return [];
      }
    });
}

/** Counts what it is sent, by run. */
export async function receiveSinks() {
  const got = new Map<string, number>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { runId } = JSON.parse(Buffer.concat(chunks).toString()) as { runId: string };
      got.set(runId, (got.get(runId) ?? 0) + 1);
      response.end();
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return { url, got, close: () => void server.close() };
}
