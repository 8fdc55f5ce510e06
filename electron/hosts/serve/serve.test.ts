import { join } from "node:path";
import Database from "better-sqlite3";
import { describe, expect, onTestFinished, test } from "vitest";
import { serverStops } from "../../testing/small-run.ts";
import { onServer, readEvents, readTrace, startServer } from "./testing/test-server.ts";

const ID = "0b7f6c1e-9d4b-4e57-8b63-1d2a7e9c5f10";
const { folder, address, request, get, post, ended } = onServer();

const onSmall = (wait: string, more: object = {}) => ({
  scenario: serverStops(wait),
  stack: { kind: "named", name: "small" },
  ...more,
});

describe("whoever has no token, or is a page of another origin", () => {
  test("is refused, for every route", async () => {
    for (const path of ["/api/health", "/api/runs", "/api/openapi.json"]) {
      expect((await fetch(`${address()}${path}`)).status).toBe(401);
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
    // Once the server's worker has reported its labels.
    await expect.poll(async () => (await get(`/api/runs/${ID}`)).body.data).toMatchObject({ waits });
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

  test("of traces: they are shown with the run, without personal data, and with their size alone in the list", async () => {
    const target = { kind: "inline", data: { resourceSpans: [], by: "jane.doe@example.com" } };
    const { runId } = (await post("/api/runs", { spec: { target, labels: ["nobody-has-it"] } })).body.data;
    const kept = { kind: "inline", data: { resourceSpans: [], by: "[redacted: email 1]" } };
    expect((await get(`/api/runs/${runId}`)).body.data.spec.target).toEqual(kept);
    const [listed] = (await get("/api/runs?limit=1")).body.data;
    expect(listed).toMatchObject({ runId, spec: { target: { kind: "inline" }, omittedBytes: expect.any(Number) } });
    expect(listed.spec.target).not.toHaveProperty("data");
    await post(`/api/runs/${runId}/cancel`);
  });

  test("answers 422 for what is invalid and 404 for what is unknown, with the reason", async () => {
    for (const body of [{}, { runId: "seven", spec: { scenario: "a" } }, { spec: { target: { kind: "ftp" } } }]) {
      expect(await post("/api/runs", body)).toMatchObject({
        status: 422,
        body: { data: null, error: expect.any(String) },
      });
    }
    expect((await post("/api/runs", { spec: {} })).body.error).toContain("neither a scenario nor a target");
    const limitless = { target: { kind: "inline", data: {} }, evalConfig: { metrics: ["tool_calls"] } };
    expect((await post("/api/runs", { spec: limitless })).body.error).toContain("evalConfig.thresholds.tool_calls: ");
    expect((await get("//api/nothing")).body.error).toContain("there is no //api/nothing");
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
  const database = new Database(join(folder(), "home", "history.db"));
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
    const refused = await post(path, path === "/api/runs" ? { spec } : { suite: serverStops("1ms").source });
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

test("a suite whose listener is gone is cancelled", async () => {
  const leaving = new AbortController();
  const response = await request("/api/suites", {
    method: "POST",
    signal: leaving.signal,
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ suite: serverStops("50m").source, stack: { kind: "named", name: "small" } }),
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
    body: JSON.stringify({ suite: serverStops("10ms").source, stack: { kind: "named", name: "small" } }),
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
  const { requestBody, responses } = document.paths["/api/evaluate"].post;
  const { properties, required } = requestBody.content["multipart/form-data"].schema;
  expect([Object.keys(properties), required]).toEqual([["trace_files", "eval_set_file", "config"], ["trace_files"]]);
  expect(Object.keys(responses)).toEqual(["200", "401", "403", "413", "415", "422", "503"]);
  expect(Object.keys(document.paths["/api/runs"].post.responses)).toEqual(expect.arrayContaining(["413", "415"]));
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
    for (const answer of [await alone.get("/api/runs"), await alone.post("/api/runs", { spec: { scenario: "a" } })]) {
      expect(answer).toMatchObject({ status: 503, body: { error: expect.stringContaining("--storage none") } });
    }
    expect((await alone.get("/api/health")).body.data).toMatchObject({ status: "ok", storage: "none" });
    const evaluated = await alone.post("/api/evaluate/json", { traces: [JSON.parse(readTrace("helm.json"))] });
    expect(evaluated.status).toBe(200);
    expect(evaluated.body.data).not.toHaveProperty("runId");
  } finally {
    await alone.close();
  }
});
