import { join } from "node:path";
import { afterEach, expect, onTestFinished, test, vi } from "vitest";
import type { TelemetryRecord } from "../../model/telemetry.ts";
import { temporaryFolder } from "../../testing/temporary-folder.ts";
import type { RunStore } from "../history/run-store.ts";
import { SqliteRunStore } from "../history/sqlite/sqlite-run-store.ts";
import { newRun } from "../history/testing/store-under-test.ts";
import { recordingOf } from "../redaction/run-recording.ts";
import { RUN_LIMITS, RunTelemetry, type RunTelemetryParts } from "./run-telemetry.ts";
import { RunTraces } from "./run-traces.ts";
import { Telemetry } from "./telemetry.ts";

const RUN = "0f0e0d0c-1111-4222-8333-444455556666";
const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function prepare({ folder = temporaryFolder(), environment = {} as NodeJS.ProcessEnv } = {}) {
  let endLate = () => {};
  const store: RunStore = await SqliteRunStore.open(join(folder, "history.db"));
  const later = (end: () => void) => {
    endLate = end;
    return () => {};
  };
  const telemetry = new Telemetry({ folder, environment, later });
  closing.push(
    () => store.close(),
    () => telemetry.close(),
  );
  const ports = await telemetry.start("auto");
  const begin = async (runId = RUN, parts: Partial<RunTelemetryParts> = {}) => {
    await store.begin(newRun(runId));
    return telemetry.join({ runId, startedWallMs: 1_000_000, store, redact: undefined, ...parts });
  };
  const send = async (spans: object[], path = "/v1/traces") => {
    const [resourceKey, scopeKey, key] = path.endsWith("traces")
      ? ["resourceSpans", "scopeSpans", "spans"]
      : ["resourceLogs", "scopeLogs", "logRecords"];
    const resource = { attributes: [{ key: "service.name", value: { stringValue: "shop" } }] };
    const body = JSON.stringify({
      [resourceKey as string]: [{ resource, [scopeKey as string]: [{ [key as string]: spans }] }],
    });
    const reply = await fetch(`http://127.0.0.1:${ports?.http}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
    });
    return (await reply.json()) as { partialSuccess?: { rejectedSpans: string; errorMessage: string } };
  };
  return { store, telemetry, begin, send, ports, folder, endLate: () => endLate() };
}

let spans = 0;
function span(traceId: string, change: object = {}) {
  spans++;
  const startTimeUnixNano = "1000500000000";
  return { traceId, spanId: spans.toString(16).padStart(16, "0"), name: `span ${spans}`, startTimeUnixNano, ...change };
}
const trace = (digit: string) => digit.repeat(32);
const attribute = (key: string, stringValue: string) => ({ key, value: { stringValue } });
const BEFORE = { startTimeUnixNano: "1000000000" };

async function kept(store: RunStore, runId = RUN) {
  const { records } = await store.telemetry(runId, 0, 100_000);
  return records.map((record) => ("name" in record ? [record.name, record.joinedBy] : record));
}

test("a run has the spans of the traces that it started, of those that name it in their baggage, and by time as a guess", async () => {
  const { store, begin, send } = await prepare();
  const run = await begin();
  const { traceparent, baggage } = new RunTraces(RUN, (id) => run.knows(id)).ofStep(3).start();
  const [, started = "", parentId] = traceparent.split("-");
  expect([parentId, baggage]).toEqual(["0f0e0d0c00000003", `lab.run.id=${RUN}`]);
  await send([
    span(started, { name: "a", ...BEFORE }),
    // The sibling that has no baggage comes first.
    span(trace("b"), { name: "b", ...BEFORE }),
    span(trace("b"), { name: "b named", ...BEFORE, attributes: [attribute("lab.run.id", RUN)] }),
    span(trace("c"), { name: "c" }),
    span(trace("d"), { name: "d of another run", attributes: [attribute("lab.run.id", "other")], ...BEFORE }),
    span(trace("e"), { name: "e before", ...BEFORE }),
  ]);
  await run.settled();
  expect(await kept(store)).toEqual([
    ["a", "trace"],
    ["b", "trace"],
    ["b named", "run"],
    ["c", "time"],
  ]);
});

test("of two runs each has its own, and the newer what only time could tell", async () => {
  const { store, begin, send } = await prepare();
  const [first, second] = [await begin("run-1"), await begin("run-2")];
  first.knows(trace("1"));
  await send([span(trace("1"), { name: "one" }), span(trace("2"), { name: "two" })]);
  await Promise.all([first.settled(), second.settled()]);
  expect([await kept(store, "run-1"), await kept(store, "run-2")]).toEqual([[["one", "trace"]], [["two", "time"]]]);
});

test("late spans join the run for a while after its end, by time only those of its time; then no more", async () => {
  const { store, telemetry, begin, send, endLate } = await prepare();
  const run = await begin();
  run.knows(trace("1"));
  const over = new Promise<void>((resolve) => {
    telemetry.onStored(() => {
      if (!telemetry.isJoining(RUN)) resolve();
    });
  });
  telemetry.ended(run, 1_001_000);
  const after = { startTimeUnixNano: "1002000000000" };
  await send([
    span(trace("1"), { name: "late", ...after }),
    span(trace("2"), { name: "guess" }),
    span(trace("3"), { name: "later", ...after }),
  ]);
  endLate();
  await over;
  await send([span(trace("1"), { name: "too late" })]);
  expect(await kept(store)).toEqual([
    ["late", "trace"],
    ["guess", "time"],
  ]);
});

test("logs join by the trace that they name, and their bodies are kept", async () => {
  const { store, begin, send } = await prepare();
  const run = await begin();
  run.knows(trace("1"));
  const log = { traceId: trace("1"), spanId: "1".repeat(16), timeUnixNano: "1000000", body: { stringValue: "sold" } };
  await send([log, { ...log, traceId: trace("2") }], "/v1/logs");
  await run.settled();
  expect(await kept(store)).toMatchObject([{ record: "log", body: "sold", service: "shop", joinedBy: "trace" }]);
});

test("what a run does not keep is rejected with why, counted, and told in its records", async () => {
  const { store, begin, send } = await prepare();
  const run = await begin(RUN, { limits: { ...RUN_LIMITS, spans: 2 } });
  run.knows(trace("1"));
  const reply = await send(Array.from({ length: 5 }, () => span(trace("1"))));
  expect(reply.partialSuccess).toEqual({ rejectedSpans: "3", errorMessage: "a run keeps 2 spans" });
  await run.settled();
  const { records } = await store.telemetry(RUN, 0, 10);
  expect(records.filter(({ record }) => record === "span")).toHaveLength(2);
  expect(records.filter(({ record }) => record === "dropped")).toEqual([
    { record: "dropped", spans: 3, logs: 0, reason: "a run keeps 2 spans" },
  ]);
});

test("while nothing can be written, what is lost is counted once, and to tell it is tried more and more seldom", async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  let [isFull, attempts] = [true, 0];
  const written: TelemetryRecord[] = [];
  const store: RunTelemetryParts["store"] = {
    async addTelemetry(_runId, records) {
      attempts++;
      if (isFull) throw new Error("the disk is full");
      written.push(...records);
      return true;
    },
  };
  const limits = { ...RUN_LIMITS, spans: 2 };
  const run = new RunTelemetry({ runId: RUN, startedWallMs: 0, store, redact: undefined, onStored() {}, limits });
  const span: Parameters<RunTelemetry["takeSpan"]>[0] = {
    ...{ traceId: trace("1"), spanId: "1".repeat(16), parentId: undefined, name: "a", kind: "client" },
    ...{ service: "", scope: "", startUs: 1, endUs: 2, attributes: {}, events: [], isError: false, statusMessage: "" },
  };
  for (let count = 0; count < 5; count++) run.takeSpan(span, "trace");
  await vi.advanceTimersByTimeAsync(600_000);
  expect(attempts).toBeLessThanOrEqual(20);
  isFull = false;
  await vi.advanceTimersByTimeAsync(120_000);
  const byCount = (one: TelemetryRecord, other: TelemetryRecord) =>
    one.record === "dropped" && other.record === "dropped" ? other.spans - one.spans : 0;
  expect(written.toSorted(byCount)).toEqual([
    { record: "dropped", spans: 3, logs: 0, reason: "a run keeps 2 spans" },
    { record: "dropped", spans: 2, logs: 0, reason: "they could not be written: the disk is full" },
  ]);
});

test("secrets in names, attributes, events and bodies are not kept; ids and times are", async () => {
  const { store, begin, send } = await prepare();
  const environments = [{ STRIPE_API_KEY: "a-secret-of-the-stack-file" }];
  const { redactTelemetry } = recordingOf({ scenarioTitle: "x", scenarioSource: "id: x", environments }, false);
  const run = await begin(RUN, { redact: redactTelemetry });
  // Digits alone, and as a number that of a card.
  const traceId = "4111111111111111".repeat(2);
  run.knows(traceId);
  const secret = "a-secret-of-the-stack-file";
  const attributes = [attribute("db.password", "hunter2hunter2"), attribute("text", `it was ${secret}`)];
  const events = [{ name: `event ${secret}`, timeUnixNano: "4111111111111111000", attributes }];
  const status = { message: `failed with ${secret}` };
  await send([
    span(traceId, { name: `call ${secret}`, attributes, events, status, startTimeUnixNano: "4111111111111111000" }),
  ]);
  const body = { stringValue: `{"token":"abcdefgh12345678","text":"${secret}"}` };
  await send([{ traceId, timeUnixNano: "4111111111111111000", body, attributes }], "/v1/logs");
  await run.settled();
  const { records } = await store.telemetry(RUN, 0, 10);
  const text = JSON.stringify(records);
  for (const each of [secret, "hunter2hunter2", "abcdefgh12345678"]) expect(text).not.toContain(each);
  expect(records).toMatchObject([
    { traceId, startUs: 4_111_111_111_111_111, events: [{ atUs: 4_111_111_111_111_111 }] },
    { traceId, atUs: 4_111_111_111_111_111 },
  ]);
});

test("a text without end is cut, and said to be", async () => {
  const { store, begin, send } = await prepare();
  const run = await begin();
  run.knows(trace("1"));
  await send([span(trace("1"), { attributes: [attribute("prompt", "word ".repeat(20_000))] })]);
  await run.settled();
  const [record] = (await store.telemetry(RUN, 0, 10)).records as [
    TelemetryRecord & { attributes: { prompt: string } },
  ];
  expect(record.attributes.prompt).toMatch(/^(word )+ \[cut: 6\d{4} characters\]$/);
});

test("a lab listens where the last one of its data folder did, and says so when it cannot", async () => {
  const folder = temporaryFolder();
  const { ports, telemetry } = await prepare({ folder });
  const other = new Telemetry({ folder, environment: {} });
  closing.push(() => other.close());
  const others = await other.start("auto");
  expect(others?.http).not.toBe(ports?.http);
  expect(other.problem).toContain(`port ${ports?.http} or ${ports?.grpc} is in use`);
  expect(telemetry.problem).toBeUndefined();
  await Promise.all([other.close(), telemetry.close()]);
  const again = new Telemetry({ folder, environment: {} });
  closing.push(() => again.close());
  expect(await again.start("auto")).toEqual(others);
});

test("services are given the lab's address, unless the SDK is to be disabled", async () => {
  const { telemetry, ports } = await prepare();
  expect(telemetry.environmentFor("127.0.0.1")).toMatchObject({
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${ports?.http}`,
  });
  const disabled = await prepare({ environment: { OTEL_SDK_DISABLED: "true" } });
  expect(disabled.telemetry.environmentFor("127.0.0.1")).toBeUndefined();
});

test("what no run claims is rejected with the reason where there are no sessions, and is theirs where there are", async () => {
  const { telemetry, send } = await prepare();
  expect(await send([span(trace("7"))])).toEqual({
    partialSuccess: { rejectedSpans: "1", errorMessage: "they belong to no run that is in progress" },
  });
  const taken: number[] = [];
  telemetry.onUnjoined(({ spans }) => {
    taken.push(spans.length);
    return { rejected: 0, message: "" };
  });
  expect(await send([span(trace("8"))])).toEqual({});
  expect(taken).toEqual([1]);
});
