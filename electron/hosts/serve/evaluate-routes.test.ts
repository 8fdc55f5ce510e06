import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { type Answer, onServer, readEvents, readTrace } from "./testing/test-server.ts";

const helm = readTrace("helm.json");
const helmSet = readTrace("eval_set_helm.json");
const { request, get, post, ended } = onServer();

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
