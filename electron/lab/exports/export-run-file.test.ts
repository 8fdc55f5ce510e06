import { describe, expect, test } from "vitest";
import { z } from "zod";
import type { LabEvent, LabEventBody } from "../../model/lab-event.ts";
import type { TelemetrySpan } from "../../model/telemetry.ts";
import { callEnded, decided, sampleRun } from "../../testing/sample-events.ts";
import { readOtlp } from "../bundles/testing/read-otlp.ts";
import { openHistory, RUN_1, recordRun } from "../bundles/testing/recorded-run.ts";
import type { RunStore } from "../history/run-store.ts";
import { readTraceFile } from "../trace-files/read-trace-file.ts";
import { treeOf } from "../trace-files/trace-tree.ts";
import { exportRunFile } from "./export-run-file.ts";

const BASE = 1_700_000_000_000;
const CALLER = "0af7651916cd43dd8448eb211c80319c";

type Timed = readonly [atMs: number, body: LabEventBody];

function turn(step: string, turnId: string, atMs: number, tool: string): Timed[] {
  const session = `session of ${turnId}`;
  const ids = { callId: `call of ${turnId}`, turnId, sessionId: session, tool };
  const wire = {
    type: "wire.call" as const,
    http: "POST /mcp?x=1",
    method: "tools/call",
    tool,
    status: 200,
    outcome: "ok" as const,
    requestBytes: 90,
    replyBytes: 120,
    faults: [],
  };
  const [outer, inner] = [
    { startedWallMs: BASE + atMs, endedWallMs: BASE + atMs + 40, firstByteMs: 30, session, traceId: CALLER },
    { startedWallMs: BASE + atMs + 10, endedWallMs: BASE + atMs + 25 },
  ];
  return [
    [atMs, { type: "step.started", step, kind: "call", label: `call ${tool}`, background: false }],
    [
      atMs + 5,
      decided({ ...ids, rowId: turnId, decidedWallMs: BASE + atMs + 5, arguments: { to: "jane.doe@example.com" } }),
    ],
    [
      atMs + 25,
      { ...wire, ...inner, call: `${turnId} inner`, link: "gateway->payments-mcp", outcome: "error", status: 502 },
    ],
    [atMs + 35, callEnded({ ...ids, startedWallMs: BASE + atMs + 4, endedWallMs: BASE + atMs + 35 })],
    [
      atMs + 40,
      {
        ...wire,
        ...outer,
        call: `${turnId} outer`,
        link: "agent->gateway",
        requestBody: { to: "jane.doe@example.com" },
      },
    ],
    [atMs + 45, { type: "step.ended", step, outcome: "ok" }],
  ];
}

function runOf(...timed: Timed[]): LabEvent[] {
  const sample = sampleRun(RUN_1);
  const end = sample.at(-1) as LabEvent;
  const added = timed.map(([atMs, body]) => ({ ...body, runId: RUN_1, atMs, wallMs: BASE + atMs }));
  const last = { ...end, atMs: 1_000, wallMs: BASE + 1_000 };
  return [...sample.slice(0, -1), ...added, last].map((event, at) => ({ ...event, seq: at + 1 }) as LabEvent);
}

const received: TelemetrySpan = {
  record: "span",
  joinedBy: "trace",
  traceId: CALLER,
  spanId: "00f067aa0ba902b7",
  parentId: "ffffffffffffffff",
  name: "tools/call pay",
  kind: "server",
  service: "payments-mcp",
  scope: "mcp",
  startUs: (BASE + 612) * 1_000,
  endUs: (BASE + 620) * 1_000,
  attributes: { "a.list": ["x", 1.5, true] },
  events: [{ name: "exception", atUs: (BASE + 615) * 1_000, attributes: { "exception.type": "Refused" } }],
  isError: true,
  statusMessage: "no",
};

async function recorded(): Promise<RunStore> {
  const history = await openHistory();
  await recordRun(history, RUN_1, {
    startedWallMs: BASE,
    events: runOf(...turn("two", "turn-2", 400, "list"), ...turn("three", "turn-3", 600, "pay")),
  });
  await history.addTelemetry(RUN_1, [received]);
  return history;
}

const exported = async (format: Parameters<typeof exportRunFile>[2]) => {
  return (await exportRunFile(await recorded(), RUN_1, format)).text;
};
const spansOf = async () => readOtlp(await exported("otlp"));
const namesOf = (spans: readonly { name: string }[]) => spans.map(({ name }) => name);

describe("OTLP JSON", () => {
  test("is one tree a turn, and one of the run", async () => {
    const spans = await spansOf();
    const trees = [...Map.groupBy(spans, ({ traceId }) => traceId).values()];
    for (const tree of trees) expect(tree.filter(({ above }) => above.length === 0)).toHaveLength(1);
    expect(trees.map((tree) => tree.find(({ above }) => above.length === 0)?.name).sort()).toEqual([
      "run mcp-crash",
      "step call",
      "step call",
    ]);
  });

  test("has the call of the gateway between the exchange that brought it and the one that it led to", async () => {
    const spans = await spansOf();
    const inner = spans.filter(({ attributes }) => attributes["resilience_lab.link"] === "gateway->payments-mcp");
    expect(inner.map(({ above }) => namesOf(above))).toEqual([
      ["step call", "tools/call list", "tools/call list"],
      ["step call", "tools/call pay", "tools/call pay"],
    ]);
    const services = inner.map(({ above }) => above.map(({ service }) => service));
    expect(services[0]).toEqual(["resilience-lab", "resilience-lab", "gateway"]);
  });

  test("has what services sent below the turn whose request carried its trace id", async () => {
    const spans = await spansOf();
    const sent = spans.find(({ service }) => service === "payments-mcp");
    expect(namesOf(sent?.above ?? [])).toEqual(["step call"]);
    expect(sent?.above[0]?.traceId).toBe(sent?.traceId);
    expect(sent?.startTimeUnixNano).toBe("1700000000612000000");
    expect(sent?.events).toMatchObject([{ timeUnixNano: "1700000000615000000", name: "exception" }]);
    expect(sent?.status).toEqual({ code: 2, message: "no" });
  });
});

test("Jaeger JSON is what Jaeger's UI opens, and has the same trees", async () => {
  const text = await exported("jaeger");
  jaeger.parse(JSON.parse(text));
  const [ofJaeger, ofOtlp] = [text, await exported("otlp")].map((each) => readTraceFile(Buffer.from(each)));
  const shapeOf = (file: ReturnType<typeof readTraceFile> | undefined) =>
    file?.traces.map((trace) => {
      const { roots, problems } = treeOf(trace);
      const parents = trace.spans.map(({ spanId, parentId, name, startUs, endUs }) => [
        ...[spanId, parentId, name, startUs, endUs],
      ]);
      return { roots: namesOf(roots), problems, parents };
    });
  expect(ofJaeger?.problems).toEqual([]);
  expect(shapeOf(ofJaeger)).toEqual(shapeOf(ofOtlp));
  expect(shapeOf(ofJaeger)?.every(({ problems, roots }) => problems.length === 0 && roots.length === 1)).toBe(true);
});

test("HAR 1.2 has every exchange with its service, times and sizes", async () => {
  const { entries, creator } = har.parse(JSON.parse(await exported("har"))).log;
  expect(creator.name).toBe("Resilience Lab");
  // Those of the two turns, and the one of the sample run before them.
  expect(entries).toHaveLength(5);
  const pay = entries.filter(({ request }) => request.url === "http://payments-mcp/mcp?x=1").at(-1);
  expect(pay).toMatchObject({
    startedDateTime: new Date(BASE + 610).toISOString(),
    time: 15,
    request: { method: "POST", bodySize: 90, queryString: [{ name: "x", value: "1" }] },
    response: { status: 502, content: { size: 120 } },
  });
  const outer = entries.find(({ startedDateTime }) => startedDateTime === new Date(BASE + 600).toISOString());
  expect(outer).toMatchObject({ timings: { wait: 30, receive: 10 }, request: { url: "http://gateway/mcp?x=1" } });
});

test("nothing personal leaves in any format", async () => {
  for (const format of ["otlp", "jaeger", "har", "csv"] as const) {
    const text = await exported(format);
    expect(text).not.toContain("jane.doe");
    if (format !== "csv") expect(text).toContain("[redacted: email 1]");
  }
});

test("a run that is kept raw is not exported", async () => {
  const history = await openHistory();
  const raw = "33333333-3333-4333-8333-333333333333";
  await recordRun(history, raw, { isRaw: true });
  await expect(exportRunFile(history, raw, "har")).rejects.toThrow("kept raw");
});

/** By Jaeger's own model: jaeger-ui, packages/jaeger-ui/src/types/trace.tsx; ids in hex, times in microseconds. */
const keyValue = z.union([
  z.strictObject({ key: z.string(), type: z.literal("string"), value: z.string() }),
  z.strictObject({ key: z.string(), type: z.literal("bool"), value: z.boolean() }),
  z.strictObject({ key: z.string(), type: z.literal("int64"), value: z.int() }),
  z.strictObject({ key: z.string(), type: z.literal("float64"), value: z.number() }),
]);
const hex = (digits: number) => z.string().regex(new RegExp(`^[0-9a-f]{${digits}}$`));
const jaeger = z.strictObject({
  data: z
    .array(
      z
        .strictObject({
          traceID: hex(32),
          spans: z.array(
            z.strictObject({
              traceID: hex(32),
              spanID: hex(16),
              operationName: z.string().min(1),
              references: z.array(
                z.strictObject({ refType: z.enum(["CHILD_OF", "FOLLOWS_FROM"]), traceID: hex(32), spanID: hex(16) }),
              ),
              startTime: z.int().positive(),
              duration: z.int().min(0),
              tags: z.array(keyValue),
              logs: z.array(z.strictObject({ timestamp: z.int().positive(), fields: z.array(keyValue) })),
              processID: z.string(),
              warnings: z.array(z.string()).nullable(),
            }),
          ),
          processes: z.record(z.string(), z.strictObject({ serviceName: z.string().min(1), tags: z.array(keyValue) })),
          warnings: z.array(z.string()).nullable(),
        })
        .refine(({ traceID, spans }) => spans.every((span) => span.traceID === traceID))
        .refine(({ spans, processes }) => spans.every(({ processID }) => processID in processes)),
    )
    .min(1),
});

/** By the specification of HAR 1.2 (w3c.github.io/web-performance/specs/HAR/Overview.html): all that is not optional. */
const named = z.array(z.strictObject({ name: z.string(), value: z.string() }));
const har = z.strictObject({
  log: z.strictObject({
    version: z.literal("1.2"),
    creator: z.strictObject({ name: z.string(), version: z.string() }),
    pages: z.array(z.never()),
    entries: z.array(
      z
        .strictObject({
          startedDateTime: z.iso.datetime(),
          time: z.number().min(0),
          request: z.strictObject({
            method: z.string().regex(/^[A-Z]+$/),
            url: z.url(),
            httpVersion: z.string(),
            cookies: z.array(z.never()),
            headers: named,
            queryString: named,
            postData: z.strictObject({ mimeType: z.string(), text: z.string() }).optional(),
            headersSize: z.int().min(-1),
            bodySize: z.int().min(-1),
          }),
          response: z.strictObject({
            status: z.int().min(0).max(599),
            statusText: z.string(),
            httpVersion: z.string(),
            cookies: z.array(z.never()),
            headers: named,
            content: z.strictObject({ size: z.int().min(0), mimeType: z.string(), text: z.string().optional() }),
            redirectURL: z.string(),
            headersSize: z.int().min(-1),
            bodySize: z.int().min(-1),
          }),
          cache: z.strictObject({}),
          timings: z.strictObject({ send: z.number().min(0), wait: z.number().min(0), receive: z.number().min(0) }),
          comment: z.string(),
        })
        .refine(({ time, timings: { send, wait, receive } }) => Math.abs(time - send - wait - receive) < 1e-9),
    ),
  }),
});
