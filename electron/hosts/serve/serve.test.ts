import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import Database from "better-sqlite3";
import { createParser, type EventSourceMessage } from "eventsource-parser";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { StrayErrors } from "../../lab/stray-errors.ts";
import { lastingFolder } from "../../testing/lasting-folder.ts";
import { writeSmallStack } from "../../testing/small-stack.ts";
import { serve } from "./serve.ts";

const TOKEN = "a-token-of-the-test";
const TRACES = join(import.meta.dirname, "..", "..", "lab", "evaluation", "testing", "traces");
const helm = readFileSync(join(TRACES, "helm.json"), "utf8");
const helmSet = readFileSync(join(TRACES, "eval_set_helm.json"), "utf8");
const ID = "0b7f6c1e-9d4b-4e57-8b63-1d2a7e9c5f10";

/** A server of this file's, with a worker that has a stack called small. */
async function startServer(keepsRuns: boolean) {
  const folder = lastingFolder();
  const stop = new AbortController();
  const listening = Promise.withResolvers<string>();
  const serving = serve(
    {
      environment: { ...process.env, RESILIENCE_LAB_HOME: join(folder, "home") },
      host: "127.0.0.1",
      port: 0,
      token: TOKEN,
      keepsRuns,
      worker: {
        strays: new StrayErrors(),
        concurrency: 1,
        labels: [],
        stacks: new Map([["small", writeSmallStack(folder)]]),
        times: { leaseMs: 30_000, heartbeatMs: 100, pollMs: 50 },
        write: () => {},
        onFailure: () => {},
      },
      onListening: listening.resolve,
    },
    stop.signal,
  );
  serving.catch(listening.reject);
  return {
    folder,
    address: await listening.promise,
    async close() {
      stop.abort(new Error("the test has ended"));
      await serving;
    },
  };
}

type Server = Awaited<ReturnType<typeof startServer>>;
let server: Server;
beforeAll(async () => {
  server = await startServer(true);
});
afterAll(() => server.close());

interface Answer {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: an outside client knows no types
  body: any;
}

function request(path: string, init: RequestInit = {}, at = server): Promise<Response> {
  return fetch(`${at.address}${path}`, { ...init, headers: { authorization: `Bearer ${TOKEN}`, ...init.headers } });
}

async function get(path: string, at = server): Promise<Answer> {
  const response = await request(path, {}, at);
  return { status: response.status, body: await response.json() };
}

async function post(path: string, body?: unknown, at = server): Promise<Answer> {
  const init =
    body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } };
  const response = await request(path, { method: "POST", ...init }, at);
  return { status: response.status, body: await response.json() };
}

const scenario = (wait: string) => ({
  source: JSON.stringify({
    id: "server-stops",
    title: "The server stops",
    patterns: [],
    steadyState: [{ service: "server", is: "up" }],
    method: [{ fault: { stop: "server", for: "1h" } }, { wait }],
    expect: [{ within: "1h" }],
  }),
});
const onSmall = (wait: string, more: object = {}) => ({
  scenario: scenario(wait),
  stack: { kind: "named", name: "small" },
  ...more,
});

/** Reads a stream of events until the function returns true, or it ends. */
async function readEvents(response: Response, isEnough: (event: EventSourceMessage) => boolean = () => false) {
  const events: EventSourceMessage[] = [];
  let isOver = false;
  const parser = createParser({
    onEvent: (event) => {
      if (isOver) return;
      events.push(event);
      isOver = isEnough(event);
    },
  });
  const decoder = new TextDecoder();
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    parser.feed(decoder.decode(chunk, { stream: true }));
    if (isOver) break;
  }
  return events;
}

const ended = async (id: string) => {
  await expect
    .poll(async () => (await get(`/api/runs/${id}`)).body.data.status, { timeout: 120_000 })
    .toMatch(/succeeded|failed|cancelled/);
  return (await get(`/api/runs/${id}`)).body.data;
};

describe("whoever has no token, or is a page of another origin", () => {
  test("is refused, for every route", async () => {
    for (const path of ["/api/health", "/api/runs", "/api/openapi.json"]) {
      expect((await fetch(`${server.address}${path}`)).status).toBe(401);
      expect((await request(path, { headers: { authorization: "Bearer wrong" } })).status).toBe(401);
      expect((await request(path, { headers: { origin: "http://evil.example" } })).status).toBe(403);
    }
    expect(
      (await request("/api/runs", { method: "POST", body: "{}", headers: { "content-type": "text/plain" } })).status,
    ).toBe(415);
  });
});

describe("submitting", () => {
  test("answers 202 with the run; again with an equal spec the same run; with another 409 and the persisted one", async () => {
    const spec = { scenario: "mcp-crash", labels: ["nobody-has-it"], without: ["budget"] };
    const first = await post("/api/runs", { run_id: ID, spec });
    expect(first).toMatchObject({
      status: 202,
      body: { error: null, data: { runId: ID, status: "queued", attempt: 0 } },
    });
    const waits = { why: "no worker has the label nobody-has-it", next: expect.stringContaining("worker --labels") };
    expect((await get(`/api/runs/${ID}`)).body.data).toMatchObject({ waits });
    expect((await get("/api/runs?status=queued")).body.data).toMatchObject([{ waits }]);
    const reordered = { without: ["budget"], repeats: 1, labels: ["nobody-has-it"], scenario: "mcp-crash" };
    const again = await post("/api/runs", { runId: ID, spec: reordered });
    expect(again.status).toBe(202);
    expect(again.body.data.createdAt).toBe(first.body.data.createdAt);
    const other = await post("/api/runs", { runId: ID, spec: { ...spec, repeats: 2 } });
    expect(other.status).toBe(409);
    expect(other.body.detail).toMatchObject({
      message: "run_id already exists with a different spec",
      persisted: { runId: ID, spec: { repeats: 1 } },
    });
    const cancelled = await post(`/api/runs/${ID}/cancel`);
    expect(cancelled).toMatchObject({ status: 200, body: { data: { status: "cancelled", cancelRequested: true } } });
    expect((await post(`/api/runs/${ID}/cancel`)).body.data.status).toBe("cancelled");
    expect((await post("/api/runs", { runId: ID, spec })).body.data.status).toBe("cancelled");
  });

  test("answers 422 for what is invalid and 404 for what is unknown, with the reason", async () => {
    for (const body of [{}, { runId: "seven", spec: { scenario: "a" } }, { spec: { target: { kind: "ftp" } } }]) {
      expect(await post("/api/runs", body)).toMatchObject({
        status: 422,
        body: { data: null, error: expect.any(String) },
      });
    }
    const unknown = "11111111-1111-4111-8111-111111111111";
    for (const path of ["", "/results", "/events", "/bundle"]) {
      expect((await get(`/api/runs/${unknown}${path}`)).status).toBe(404);
    }
    expect((await post(`/api/runs/${unknown}/cancel`)).status).toBe(404);
    expect((await get("/api/nothing")).status).toBe(404);
    expect((await get("/api/runs?limit=0")).status).toBe(422);
  });
});

test("when as many runs wait as may, more are refused with the limit and the next step; one that is there is not", async () => {
  const { runId } = (await post("/api/runs", { spec: { scenario: "mcp-crash", labels: ["nobody-has-it"] } })).body.data;
  const database = new Database(join(server.folder, "home", "history.db"));
  onTestFinished(() => {
    database.exec("DELETE FROM queue WHERE run_id LIKE 'waits-%'");
    database.close();
  });
  const { limits } = (await get("/api/health")).body.data;
  database
    .prepare(
      `WITH RECURSIVE waiting (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM waiting WHERE n < ?)
       INSERT INTO queue (run_id, spec, labels, max_attempts, deadline_ms, state, submitted_ms)
       SELECT 'waits-' || n, '{}', '["nobody-has-it"]', 1, 1, 'queued', 0 FROM waiting`,
    )
    .run(limits.queuedRuns);
  const spec = { scenario: "mcp-crash", labels: ["nobody-has-it"] };
  for (const path of ["/api/runs", "/api/suites"]) {
    const refused = await post(path, path === "/api/runs" ? { spec } : { suite: scenario("1ms").source });
    expect(refused).toMatchObject({
      status: 429,
      body: { data: null, error: expect.stringMatching(/10,000 .*cancel/) },
    });
  }
  expect((await post("/api/runs", { runId, spec })).status).toBe(202);
  await post(`/api/runs/${runId}/cancel`);
});

describe("a submitted run", () => {
  test("is followed as it happens; a listener that comes back with the last id misses no event and gets none twice", async () => {
    const { body } = await post("/api/runs", { spec: onSmall("10ms") });
    const { runId } = body.data;
    const begun = await request(`/api/runs/${runId}/events`);
    const before = await readEvents(begun, ({ data }) => data.includes('"fault.applied"'));
    const last = before.findLast(({ id }) => id !== undefined)?.id ?? "";
    const after = await readEvents(await request(`/api/runs/${runId}/events`, { headers: { "last-event-id": last } }));
    const seqs = [...before, ...after].flatMap(({ event, data }) =>
      event === "event" ? JSON.parse(data).event.seq : [],
    );
    expect(seqs).toEqual(seqs.map((_: number, at: number) => at + 1));
    expect(after.at(-1)).toMatchObject({ event: "end" });
    expect(JSON.parse(after.at(-1)?.data ?? "")).toMatchObject({
      status: "succeeded",
      outcome: "passed",
      attempts: [{ attempt: 1, ending: "passed", historyRuns: [expect.any(String)] }],
      summary: { result_counts: { passed: 2, failed: 0, errored: 0, skipped: 0 } },
    });
    const results = (await get(`/api/runs/${runId}/results`)).body.data;
    expect(results).toContainEqual(
      expect.objectContaining({ evalSetItemId: "server-stops#1", evaluatorName: "outcome", status: "passed", runId }),
    );
    const bundle = await request(`/api/runs/${runId}/bundle`);
    expect(bundle.headers.get("content-type")).toBe("application/zip");
    expect(
      Buffer.from(await bundle.arrayBuffer())
        .subarray(0, 2)
        .toString(),
    ).toBe("PK");
  });

  test("is listed by its state, and cancelled while it runs: it ends as cancelled, restored", async () => {
    const { body } = await post("/api/runs", { spec: onSmall("50m") });
    const { runId } = body.data;
    await readEvents(await request(`/api/runs/${runId}/events`), ({ data }) => data.includes('"fault.applied"'));
    expect((await get("/api/runs?status=running")).body.data.map((run: { runId: string }) => run.runId)).toEqual([
      runId,
    ]);
    expect((await get(`/api/runs/${runId}/bundle`)).status).toBe(409);
    expect((await post(`/api/runs/${runId}/cancel`)).body.data).toMatchObject({
      status: "running",
      cancelRequested: true,
    });
    expect(await ended(runId)).toMatchObject({ status: "cancelled", error: "cancelled by request" });
    const listed = (await get("/api/runs?status=cancelled&status=failed&limit=1")).body.data;
    expect(listed.map((run: { runId: string }) => run.runId)).toEqual([runId]);
    const before = listed[0].createdAt;
    const older = (await get(`/api/runs?before=${before}`)).body.data;
    expect(older.every((run: { createdAt: string }) => run.createdAt < before)).toBe(true);
  });
});

describe("evaluations", () => {
  const config = { metrics: ["tool_trajectory_avg_score"], trajectory_match_type: "EXACT" };
  const form = () => {
    const uploaded = new FormData();
    uploaded.append("trace_files", new Blob([helm]), "helm.json");
    uploaded.append("eval_set_file", new Blob([helmSet]), "set.json");
    uploaded.append("config", JSON.stringify(config));
    return uploaded;
  };

  test("of uploaded and of inline traces agree, and each is recorded as a run that cannot be submitted again", async () => {
    const answer = await request("/api/evaluate", { method: "POST", body: form() });
    const uploaded = (await answer.json()) as Answer["body"];
    const inline = await post("/api/evaluate/json", {
      traces: [JSON.parse(helm)],
      evalSet: JSON.parse(helmSet),
      config,
    });
    expect(inline.status).toBe(200);
    const scores = ({
      traces,
    }: {
      traces: { metrics: { metric_name: string; score: number; eval_status: string }[] }[];
    }) =>
      traces.flatMap(({ metrics }) =>
        metrics.map(({ metric_name, score, eval_status }) => [metric_name, score, eval_status]),
      );
    expect(scores(uploaded.data)).toEqual(scores(inline.body.data));
    expect(scores(uploaded.data).length).toBeGreaterThan(0);
    const run = (await get(`/api/runs/${uploaded.data.runId}`)).body.data;
    expect(run).toMatchObject({
      status: "succeeded",
      spec: { target: { kind: "uploaded", traceFiles: ["helm.json"] } },
    });
    expect((await get(`/api/runs/${run.runId}/results`)).body.data).toHaveLength(scores(uploaded.data).length);
    expect((await post("/api/runs", { spec: run.spec })).status).toBe(422);
  });

  test("are streamed trace by trace", async () => {
    const events = await readEvents(await request("/api/evaluate/stream", { method: "POST", body: form() }));
    expect(events.map(({ event }) => event)).toEqual([...Array(events.length - 1).fill("trace"), "done"]);
    expect(JSON.parse(events.at(-1)?.data ?? "")).toMatchObject({ done: true, result: { runId: expect.any(String) } });
  });

  test("of a large file keep neither health nor the others waiting, and end when their listener leaves", async () => {
    // Seconds of work for one thread, in less than half of what a body may have.
    const { data } = JSON.parse(helm) as { data: { spans: object[]; traceID: string }[] };
    const traces = Array.from({ length: Math.floor(20e6 / helm.length) }, (_, at) => ({
      data: data.map((trace) => ({ ...trace, traceID: `${at}`.padStart(32, "0") })),
    }));
    const body = JSON.stringify({ traces });
    const leaving = new AbortController();
    const headers = { "content-type": "application/json" };
    const evaluating = { isOver: false };
    const streamed = await request("/api/evaluate/json/stream", {
      method: "POST",
      body,
      headers,
      signal: leaving.signal,
    });
    const whole = request("/api/evaluate/json", { method: "POST", body, headers }).finally(() => {
      evaluating.isOver = true;
    });
    let answers = 0;
    while (!evaluating.isOver) {
      expect((await get("/api/health")).status).toBe(200);
      answers++;
      if (answers === 2) leaving.abort();
    }
    expect((await whole).status).toBe(200);
    expect(answers).toBeGreaterThan(2);
    await expect(streamed.text()).rejects.toThrow();
  });

  test("as submitted runs are carried out by a worker; what fails a metric has succeeded, what cannot be read has failed", async () => {
    const good = await post("/api/runs", {
      spec: {
        target: { kind: "inline", data: JSON.parse(helm) },
        eval_config: { metrics: ["tool_calls"], thresholds: { tool_calls: 0.5 } },
      },
    });
    const bad = await post("/api/runs", { spec: { target: { kind: "inline", data: { nothing: true } } } });
    expect(await ended(good.body.data.runId)).toMatchObject({ status: "succeeded", outcome: "failed" });
    expect(await ended(bad.body.data.runId)).toMatchObject({
      status: "failed",
      outcome: "error",
      error: expect.any(String),
    });
  });
});

describe("an evaluation whose traces do not come", () => {
  /** Of a server that takes requests and never answers. */
  const silentTarget = async () => {
    const asked = Promise.withResolvers<void>();
    const silent = createServer(() => asked.resolve()).listen(0, "127.0.0.1");
    await once(silent, "listening");
    onTestFinished(() => {
      silent.closeAllConnections();
      silent.close();
    });
    const baseUrl = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/`;
    return { asked: asked.promise, target: { kind: "http", baseUrl, traceId: "abc" } };
  };

  test("is cancelled while it waits: it ends as cancelled, and stays so", async () => {
    const { asked, target } = await silentTarget();
    const { runId } = (await post("/api/runs", { spec: { target } })).body.data;
    await asked;
    expect((await post(`/api/runs/${runId}/cancel`)).body.data).toMatchObject({ cancelRequested: true });
    const run = await ended(runId);
    expect(run).toMatchObject({
      status: "cancelled",
      error: "cancelled by request",
      attempt: 1,
      cancelRequested: true,
    });
    expect((await get(`/api/runs/${runId}/results`)).body.data).toEqual([]);
    expect((await post(`/api/runs/${runId}/cancel`)).body.data).toMatchObject({ finishedAt: run.finishedAt });
  });

  test("fails at its deadline, and says so", async () => {
    const { target } = await silentTarget();
    const { runId } = (await post("/api/runs", { spec: { target, deadlineS: 0.5 } })).body.data;
    expect(await ended(runId)).toMatchObject({ status: "failed", error: "deadline_exceeded", attempt: 1 });
  });
});

test("ids of results are the digest of run, item and evaluator, so that whoever exports them finds them again", async () => {
  const spec = { target: { kind: "inline", data: JSON.parse(helm) }, evalSet: JSON.parse(helmSet) };
  const { runId } = (await post("/api/runs", { spec })).body.data;
  expect((await ended(runId)).summary.result_counts).toMatchObject({ errored: 0, skipped: 0 });
  const results = (await get(`/api/runs/${runId}/results`)).body.data;
  expect(results.length).toBeGreaterThan(0);
  for (const { resultId, evalSetItemId, evaluatorName, traceId } of results) {
    const digest = createHash("sha256").update(`${runId}|${evalSetItemId}|${evaluatorName}`).digest("hex");
    expect([resultId, evalSetItemId]).toEqual([digest, traceId]);
  }
});

test("a file beyond its limit is refused with the limit, and nothing of it is kept", async () => {
  const form = new FormData();
  form.append("trace_files", new Blob([new Uint8Array(10 * 1024 * 1024 + 1)]), "large.json");
  const answer = await request("/api/evaluate", { method: "POST", body: form });
  expect(answer.status).toBe(413);
  expect(await answer.json()).toMatchObject({ data: null, error: "large.json is larger than 10485760 bytes" });
});

test("a suite whose listener is gone is cancelled", async () => {
  const leaving = new AbortController();
  const response = await request("/api/suites", {
    method: "POST",
    signal: leaving.signal,
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ suite: scenario("50m").source, stack: { kind: "named", name: "small" } }),
  });
  const [first] = await readEvents(response, () => true);
  expect(first?.event).toBe("case_start");
  const { name, runId } = JSON.parse(first?.data ?? "");
  expect(name).toBe("The server stops");
  leaving.abort();
  expect(await ended(runId)).toMatchObject({ status: "cancelled" });
});

test("a suite's cases are streamed with their results and a summary", async () => {
  const response = await request("/api/suites", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ suite: scenario("10ms").source, stack: { kind: "named", name: "small" } }),
  });
  const events = await readEvents(response);
  expect(events.map(({ event }) => event)).toEqual(["case_start", "case_result", "summary"]);
  expect(JSON.parse(events[1]?.data ?? "")).toMatchObject({ name: "The server stops", passed: true });
  expect(JSON.parse(events[2]?.data ?? "")).toMatchObject({ total: 1, passed: 1, failed: 0 });
});

test("the document describes every route, and health names storage and workers", async () => {
  const { body: document } = await get("/api/openapi.json");
  expect(document.openapi).toBe("3.1.0");
  expect(Object.keys(document.paths)).toEqual(
    expect.arrayContaining(["/api/runs", "/api/runs/{id}/events", "/api/suites", "/api/evaluate/json/stream"]),
  );
  expect(document.paths["/api/runs"].post.requestBody.content["application/json"].schema.required).toEqual(["spec"]);
  expect((await get("/api/health")).body.data).toMatchObject({
    status: "ok",
    storage: "reachable",
    workers: [{ concurrency: 1 }],
  });
  expect((await get("/api/stack-health")).body.data).toEqual({ services: [] });
});

test("without storage runs are refused with the next step; health and evaluation answer", async () => {
  const alone = await startServer(false);
  try {
    for (const answer of [await get("/api/runs", alone), await post("/api/runs", { spec: { scenario: "a" } }, alone)]) {
      expect(answer).toMatchObject({ status: 503, body: { error: expect.stringContaining("--storage none") } });
    }
    expect((await get("/api/health", alone)).body.data).toMatchObject({ status: "ok", storage: "none" });
    const evaluated = await post("/api/evaluate/json", { traces: [JSON.parse(helm)] }, alone);
    expect(evaluated.status).toBe(200);
    expect(evaluated.body.data).not.toHaveProperty("runId");
  } finally {
    await alone.close();
  }
});
