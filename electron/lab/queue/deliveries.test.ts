import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { temporaryFolder } from "../../testing/temporary-folder.ts";
import { openQueueStore } from "../history/open-queue-store.ts";
import type { QueueStore } from "../history/queue-store.ts";
import { Deliveries } from "./deliveries.ts";
import { pauseAfterMs } from "./sinks.ts";
import { submitRun } from "./submit-run.ts";

/** Answers with these codes in turn, and notes what it got. */
async function webhook(...codes: number[]) {
  const got: { body: string; authorization: string | undefined; atMs: number }[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { authorization } = request.headers;
      got.push({ body: Buffer.concat(chunks).toString(), authorization, atMs: performance.now() });
      response.writeHead(codes[got.length - 1] ?? 200).end();
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, got };
}

async function openQueue(): Promise<QueueStore> {
  const queue = await openQueueStore({ kind: "sqlite", file: join(temporaryFolder(), "history.db") });
  onTestFinished(() => queue.close());
  return queue;
}

/** Cancels the run while it is queued: that is an end, too. */
async function ended(queue: QueueStore, sinks: object[]): Promise<string> {
  const answer = await submitRun(queue, { spec: { scenario: "mcp-crash", sinks } });
  if (answer.is === "conflict") throw new Error("conflict");
  await queue.cancel(answer.run.runId);
  return answer.run.runId;
}

/** Sends until the test ends. */
function delivering(queue: QueueStore) {
  const folder = temporaryFolder();
  const [lines, failures]: [string[], string[]] = [[], []];
  const stop = new AbortController();
  const environment = { RESILIENCE_LAB_SECRET_HOOK: "Bearer s3cret" };
  const over = new Deliveries({
    queue,
    labels: [],
    sinks: { folder, environment, write: (line) => void lines.push(line) },
    onFailure: (error) => void failures.push((error as Error).message),
    times: { tryLimitMs: 60_000, pollMs: 20 },
  }).work(stop.signal);
  onTestFinished(async () => {
    stop.abort(new Error("the test has ended"));
    await over;
  });
  return { folder, lines, failures };
}

test("a webhook is sent to again after 5xx, after a pause; its secret comes from the environment", async () => {
  const queue = await openQueue();
  const { url, got } = await webhook(500, 503, 200);
  const headersFromEnv = { Authorization: "RESILIENCE_LAB_SECRET_HOOK" };
  const runId = await ended(queue, [{ kind: "http_webhook", url, headersFromEnv }]);
  const { failures } = delivering(queue);
  await expect.poll(() => queue.deliveries(runId)).toMatchObject([{ state: "delivered", tries: 3, problem: null }]);
  expect(got).toHaveLength(3);
  expect(new Set(got.map(({ body }) => body)).size).toBe(1);
  expect(JSON.parse(got[0]?.body ?? "")).toMatchObject({ runId, status: "cancelled", phase: "final", results: [] });
  expect(got[0]?.authorization).toBe("Bearer s3cret");
  const [first, second, third] = got.map(({ atMs }) => atMs) as [number, number, number];
  expect(second - first).toBeGreaterThanOrEqual(499);
  expect(third - second).toBeGreaterThanOrEqual(999);
  expect(failures).toEqual([]);
});

test("pauses double from half a second up to ten seconds", () => {
  expect([1, 2, 3, 4, 5, 6, 7].map(pauseAfterMs)).toEqual([500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
});

test("a webhook that refuses is not sent to again, one that does not answer as often as it may; neither keeps the others from theirs", async () => {
  const queue = await openQueue();
  const { url, got } = await webhook(400);
  const runId = await ended(queue, [
    { kind: "http_webhook", url },
    { kind: "http_webhook", url: "http://127.0.0.1:1/", maxAttempts: 2 },
    { kind: "file", path: "out/runs.ndjson" },
    { kind: "stdout" },
  ]);
  const { folder, lines, failures } = delivering(queue);
  await expect
    .poll(() => queue.deliveries(runId))
    .toMatchObject([
      { state: "failed", tries: 1, problem: expect.stringMatching(/answered 400$/) },
      { state: "failed", tries: 2, problem: expect.stringMatching(/did not answer: /) },
      { state: "delivered", tries: 1 },
      { state: "delivered", tries: 1 },
    ]);
  expect(got).toHaveLength(1);
  expect(failures).toHaveLength(2);
  expect(failures).toContainEqual(expect.stringMatching(/answered 400, try 1$/));
  expect(failures).toContainEqual(expect.stringMatching(/did not answer: .*, try 2$/));
  const next = await ended(queue, [{ kind: "file", path: "out/runs.ndjson" }]);
  const runIds = () => readFileSync(join(folder, "out", "runs.ndjson"), "utf8").match(/(?<="runId":")[^"]+/g);
  await expect.poll(runIds).toEqual([runId, next]);
  expect(lines).toHaveLength(1);
});
