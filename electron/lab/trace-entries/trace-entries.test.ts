import { readFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, onTestFinished, test } from "vitest";
import { evaluatedTrace } from "../../model/evaluation.ts";
import type { LabEventBody } from "../../model/lab-event.ts";
import { RunModel } from "../../model/run-model.ts";
import { decided, eventsOf, passed, started } from "../../testing/sample-events.ts";
import { eventsIn } from "../../testing/stored-events.ts";
import { openHistory, RUN_1, recordRun } from "../bundles/testing/recorded-run.ts";
import { convertTrace } from "../evaluation/convert-trace.ts";
import { readEvalSet } from "../evaluation/eval-set.ts";
import { expectedSet } from "../evaluation/expected-set.ts";
import { readMetrics } from "../evaluation/metric.ts";
import { exportRunFile } from "../exports/export-run-file.ts";
import type { RunStore } from "../history/run-store.ts";
import { readTraceFile } from "../trace-files/read-trace-file.ts";
import { tracesOfEntry } from "./entry-trace.ts";
import { evaluateEntries } from "./evaluate-entries.ts";
import { pullTrace } from "./pull-trace.ts";
import { storeTrace } from "./store-trace.ts";

const SAMPLES = join(import.meta.dirname, "..", "evaluation", "testing", "traces");
const sample = (name: string) => readFileSync(join(SAMPLES, name));
const [helm, tempo] = ["helm.json", "tempo_export_with_batches.json"].map(sample) as [Buffer, Buffer];
const helmSet = readEvalSet(sample("eval_set_helm.json").toString("utf8"));
const never = new AbortController().signal;

async function spansIn(history: RunStore, runId: string) {
  const { records } = await history.telemetry(runId, 0, 1_000);
  return records.filter((record) => record.record === "span");
}

test("a trace file is an entry of its own in the history, with all its spans on a clock that starts with the first", async () => {
  const history = await openHistory();
  const stored = await storeTrace(history, { content: tempo, name: "tempo.json" });
  expect(stored).toMatchObject({ title: "tempo.json", spans: 86, traces: 1, problems: [], isAlreadyHere: false });
  const spans = await spansIn(history, stored.runId);
  expect(spans).toHaveLength(86);
  const [run] = (await history.list({ limit: 10 })).runs;
  expect(run).toMatchObject({
    id: stored.runId,
    scenarioId: "trace-file",
    outcome: "passed",
    importedFrom: "tempo.json",
  });
  const firstUs = Math.min(...spans.map(({ startUs }) => startUs));
  const lastUs = Math.max(...spans.map(({ endUs = 0 }) => endUs));
  expect(run?.startedWallMs).toBe(Math.floor(firstUs / 1_000));
  expect(run?.durationMs).toBeCloseTo((lastUs - (run?.startedWallMs ?? 0) * 1_000) / 1_000, 2);
  const model = RunModel.of(await eventsIn(history, stored.runId));
  expect(model.ended?.reason).toBe("OTLP JSON: 86 spans in 1 trace of 2 services");
});

test("the same file again, also under another name, is the entry that is there", async () => {
  const history = await openHistory();
  const first = await storeTrace(history, { content: helm, name: "helm.json" });
  const again = await storeTrace(history, { content: helm, name: "other" });
  expect([again.runId, again.isAlreadyHere]).toEqual([first.runId, true]);
  expect((await history.list({ limit: 10 })).matching).toBe(1);
});

test("what is personal or secret in a trace file is not stored; what could not be read is a warning", async () => {
  const history = await openHistory();
  const line = (spanId: string, text: string) =>
    JSON.stringify({
      traceId: "a".repeat(32),
      spanId,
      name: text,
      startTimeUnixNano: "1000000",
      attributes: { mail: text },
    });
  const content = Buffer.from(`${line("b".repeat(16), "to jane.doe@example.com")}\nno line\n`);
  const { runId, problems } = await storeTrace(history, { content, name: "lines" });
  expect(problems).toHaveLength(1);
  const [span] = await spansIn(history, runId);
  expect(JSON.stringify(span)).not.toContain("jane");
  expect(span?.name).toBe("to [redacted: email 1]");
  const model = RunModel.of(await eventsIn(history, runId));
  expect(model.warnings.map(({ event }) => event.message)).toEqual([expect.stringContaining("line 2")]);
});

test("what is no trace is refused, and nothing is stored", async () => {
  const history = await openHistory();
  await expect(storeTrace(history, { content: Buffer.from("{}"), name: "x" })).rejects.toThrow("no trace");
  await expect(storeTrace(history, { content: Buffer.from('{"data":[]}'), name: "x" })).rejects.toThrow("no spans");
  const undated = JSON.stringify({ traceId: "a".repeat(32), spanId: "b".repeat(16), startTimeUnixNano: "soon" });
  await expect(storeTrace(history, { content: Buffer.from(undated), name: "x" })).rejects.toThrow(
    "no span of it can be read: its startTimeUnixNano is no whole number",
  );
  expect((await history.list({ limit: 10 })).matching).toBe(0);
});

/** A backend that answers like Jaeger's or Tempo's query API. */
async function backend(answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await new Promise((listening) => server.once("listening", listening));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test("a trace is pulled by its id from Jaeger, from Tempo, and from Tempo's second API", async () => {
  const { traceID } = (JSON.parse(helm.toString("utf8")) as { data: [{ traceID: string }] }).data[0];
  const jaeger = await backend(({ url }, response) => {
    if (url === `/jaeger/api/traces/${traceID}`) response.end(helm);
    else response.writeHead(404).end('{"errors":[{"code":404,"msg":"trace not found"}]}');
  });
  const pulled = await pullTrace(`${jaeger}/jaeger`, traceID.toUpperCase(), never);
  expect(readTraceFile(pulled.content).traces[0]?.traceId).toBe(traceID);
  await expect(pullTrace(`${jaeger}/jaeger`, "beef", never)).rejects.toThrow("has no trace beef");

  const second = await backend(({ url, headers }, response) => {
    if (url !== "/api/v2/traces/abc1") response.writeHead(404).end();
    else if (headers.accept !== "application/json") response.writeHead(406).end();
    else response.setHeader("content-encoding", "gzip").end(gzipSync(`{"trace":${tempo.toString("utf8")}}`));
  });
  expect(readTraceFile((await pullTrace(second, "abc1", never)).content).traces[0]?.spans).toHaveLength(86);
});

test("a backend that refuses, redirects or is not there, and an id that is none, are named", async () => {
  const address = await backend(({ url = "" }, response) => {
    if (url.endsWith("aa")) response.writeHead(500).end("out of memory");
    else response.writeHead(302, { location: "http://127.0.0.1:1/" }).end();
  });
  await expect(pullTrace(address, "aa", never)).rejects.toThrow("/api/traces/aa answered HTTP 500: out of memory");
  await expect(pullTrace(address, "bb", never)).rejects.toThrow("cannot be reached");
  await expect(pullTrace("file:///etc/passwd", "aa", never)).rejects.toThrow("no address of a tracing backend");
  await expect(pullTrace(address, "../admin", never)).rejects.toThrow("no trace id");
  await expect(pullTrace("http://127.0.0.1:1", "aa", never)).rejects.toThrow("cannot be reached");
});

test("an evaluation of stored traces has the scores of the files, and is an entry with what was expected and done", async () => {
  const history = await openHistory();
  const { runId } = await storeTrace(history, { content: helm, name: "helm.json" });
  const metrics = readMetrics(
    ["tool_trajectory_avg_score", "response_match_score"],
    new Map([["response_match_score", 0.9]]),
  );
  const result = await evaluateEntries(history, {
    ...{ runIds: [runId], metrics, match: "EXACT", evalSet: helmSet, signal: never },
  });
  expect(result.outcome).toBe("failed");
  const model = RunModel.of(await eventsIn(history, result.runId));
  expect(model.checks.map(({ event }) => [event.check, event.passed, event.expected, event.observed])).toEqual([
    ["tool_trajectory_avg_score of helm.json", true, "at least 0.5", "1"],
    ["response_match_score of helm.json", false, "at least 0.9", "0.811881"],
  ]);
  const output = evaluatedTrace.parse(model.steps[0]?.attributes.output);
  expect(output.runId).toBe(runId);
  expect(output.expected?.[0]?.toolUses).toEqual(output.turns[0]?.toolUses);
  expect(model.started?.scenario).toMatchObject({
    id: "evaluation",
    title: "Evaluation of helm.json by helm_eval_set",
  });
});

const asks = (step: string, text: string): LabEventBody => ({
  ...{ type: "step.started", step, kind: "agent", label: `agent: "${text}"`, background: false },
});

test("the turns of a run are saved as an eval set that the run, and its exported trace, pass; another run does not", async () => {
  const history = await openHistory();
  const run = (amount: number) =>
    eventsOf([
      started,
      asks("one", "Refund the first charge"),
      decided({ turnId: "t", tool: "create_refund", arguments: { amount }, decidedWallMs: 1_700_000_000_025 }),
      { type: "step.ended", step: "one", outcome: "ok", output: { answer: "It is refunded.", turnId: "t" } },
      passed,
    ]);
  const other = "22222222-2222-4222-8222-222222222222";
  await recordRun(history, RUN_1, { events: run(5) });
  await recordRun(history, other, { events: run(7) });
  const { traces } = await tracesOfEntry(history, RUN_1, never);
  const turns = traces.flatMap((trace) => convertTrace(trace).invocations);
  expect(turns).toMatchObject([
    {
      userText: "Refund the first charge",
      finalResponse: "It is refunded.",
      toolUses: [{ name: "create_refund", arguments: { amount: 5 } }],
    },
  ]);
  const evalSet = readEvalSet(expectedSet("mine", "Mine", turns));
  const metrics = readMetrics(["tool_trajectory_avg_score", "response_match_score"], new Map([["", 1]]));
  const evaluated = async (...runIds: string[]) => {
    const { runId } = await evaluateEntries(history, { runIds, metrics, match: "EXACT", evalSet, signal: never });
    return RunModel.of(await eventsIn(history, runId)).checks.map(({ event }) => event.passed);
  };
  expect(await evaluated(RUN_1, other)).toEqual([true, true, false, true]);
  for (const format of ["otlp", "jaeger"] as const) {
    const { text } = await exportRunFile(history, RUN_1, format);
    const { runId } = await storeTrace(history, { content: Buffer.from(text), name: format });
    expect((await evaluated(runId)).slice(-2)).toEqual([true, true]);
  }
});
