import { request } from "node:http";
import { gzipSync } from "node:zlib";
import { trace as api, context, SpanKind } from "@opentelemetry/api";
import { OTLPLogExporter } from "@opentelemetry/exporter-logs-otlp-proto";
import { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-proto";
import { OTLPTraceExporter as GrpcExporter } from "@opentelemetry/exporter-trace-otlp-grpc";
import { OTLPTraceExporter as JsonExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { OTLPTraceExporter as ProtobufExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { CompressionAlgorithm } from "@opentelemetry/otlp-exporter-base";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { LoggerProvider, SimpleLogRecordProcessor } from "@opentelemetry/sdk-logs";
import { MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import { SimpleSpanProcessor, type SpanExporter, TracerProvider } from "@opentelemetry/sdk-trace";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type Accepted, BODY_LIMIT, Intake } from "./intake.ts";
import type { OtlpExport } from "./otlp-export.ts";
import { Receivers } from "./receivers.ts";

const ANY = [{ http: 0, grpc: 0 }] as const;
const ALL_TAKEN: Accepted = { rejected: 0, message: "" };
const received: OtlpExport[] = [];
let answer = ALL_TAKEN;
const intake = new Intake((each) => {
  received.push(each);
  return answer;
});
let receivers: Receivers;
let guarded: Receivers;

beforeAll(async () => {
  receivers = await Receivers.listen(intake, { token: undefined, choices: [...ANY] });
  guarded = await Receivers.listen(intake, { token: "a-token", choices: [...ANY] });
});
afterAll(() => Promise.all([receivers.close(), guarded.close()]));
beforeEach(() => {
  received.length = 0;
  answer = ALL_TAKEN;
});

const resource = resourceFromAttributes({ "service.name": "shop" });
const http = (path: string, to = receivers) => `http://127.0.0.1:${to.ports.http}${path}`;

/** Two spans, one below the other, sent by a real exporter. Rejects when it reports a failure. */
async function send(exporter: SpanExporter): Promise<{ outer: string; inner: string }> {
  const failures: unknown[] = [];
  const reporting: SpanExporter = {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        if (result.code !== 0) failures.push(result.error);
        done(result);
      }),
    shutdown: () => exporter.shutdown(),
    forceFlush: async () => exporter.forceFlush?.(),
  };
  const provider = new TracerProvider({ resource, spanProcessors: [new SimpleSpanProcessor({ exporter: reporting })] });
  const tracer = provider.getTracer("checkout");
  const outer = tracer.startSpan("POST /orders", { kind: SpanKind.SERVER, attributes: { "a.text": "é" } });
  const inner = tracer.startSpan("charge", {}, api.setSpan(context.active(), outer));
  inner.end();
  outer.end();
  // It rejects as the exporter does.
  await provider.forceFlush().catch(() => {});
  await provider.shutdown().catch(() => {});
  if (failures.length > 0) throw failures[0];
  return { outer: outer.spanContext().spanId, inner: inner.spanContext().spanId };
}

const EXPORTERS = {
  "HTTP with protobuf": (to: Receivers, headers = {}) => new ProtobufExporter({ url: http("/v1/traces", to), headers }),
  "HTTP with protobuf in gzip": (to: Receivers, headers = {}) =>
    new ProtobufExporter({ url: http("/v1/traces", to), headers, compression: CompressionAlgorithm.GZIP }),
  "HTTP with JSON": (to: Receivers, headers = {}) => new JsonExporter({ url: http("/v1/traces", to), headers }),
  "HTTP with JSON in gzip": (to: Receivers, headers = {}) =>
    new JsonExporter({ url: http("/v1/traces", to), headers, compression: CompressionAlgorithm.GZIP }),
  gRPC: (to: Receivers) => new GrpcExporter({ url: `http://127.0.0.1:${to.ports.grpc}` }),
  "gRPC in gzip": (to: Receivers) =>
    new GrpcExporter({ url: `http://127.0.0.1:${to.ports.grpc}`, compression: CompressionAlgorithm.GZIP }),
};

for (const [name, make] of Object.entries(EXPORTERS)) {
  test(`spans arrive from OpenTelemetry's exporter over ${name}`, async () => {
    const { outer, inner } = await send(make(receivers));
    const spans = received.flatMap((each) => each.spans).toSorted((one) => (one.spanId === outer ? -1 : 1));
    expect(spans).toMatchObject([
      { spanId: outer, name: "POST /orders", kind: "server", service: "shop", attributes: { "a.text": "é" } },
      { spanId: inner, parentId: outer, name: "charge", scope: "checkout" },
    ]);
  });
}

test("logs arrive, and the data points of metrics are counted", async () => {
  const logs = new LoggerProvider({
    resource,
    processors: [new SimpleLogRecordProcessor({ exporter: new OTLPLogExporter({ url: http("/v1/logs") }) })],
  });
  logs.getLogger("billing").emit({ severityText: "WARN", severityNumber: 13, body: { why: "declined" } });
  await logs.forceFlush();
  await logs.shutdown();
  expect(received.flatMap((each) => each.logs)).toMatchObject([
    { service: "shop", scope: "billing", severity: "WARN", severityNumber: 13, body: '{"why":"declined"}' },
  ]);
  const exporter = new OTLPMetricExporter({ url: http("/v1/metrics") });
  const meters = new MeterProvider({ resource, readers: [new PeriodicExportingMetricReader({ exporter })] });
  const counter = meters.getMeter("m").createCounter("orders");
  counter.add(1, { kind: "a" });
  counter.add(1, { kind: "b" });
  meters.getMeter("m").createHistogram("took").record(7);
  await meters.forceFlush();
  await meters.shutdown();
  expect(received.at(-1)?.points).toBe(3);
});

test("what is not taken is answered as partial success, with its number and why", async () => {
  answer = { rejected: 2, message: "the run has its spans" };
  const span = { traceId: "5b8aa5a2d2c872e8321cf37308d69df2", spanId: "051581bf3cb55c13", startTimeUnixNano: "1" };
  const scopeSpans = [{ spans: [span, { ...span, spanId: "" }, { ...span, traceId: "0".repeat(32) }, span] }];
  const body = JSON.stringify({ resourceSpans: [{ scopeSpans }] });
  const reply = await post("/v1/traces", body, { "content-type": "application/json" });
  expect(reply.status).toBe(200);
  expect(JSON.parse(reply.text)).toEqual({
    partialSuccess: {
      rejectedSpans: "4",
      errorMessage:
        "the run has its spans; span 1 of resourceSpans[0]: its spanId is no id of 8 bytes; span 2 of resourceSpans[0]: its traceId is no id of 16 bytes",
    },
  });
});

interface Reply {
  status: number;
  text: string;
  headers: NodeJS.Dict<string | string[]>;
}

function post(
  path: string,
  body: string | Uint8Array,
  headers: Record<string, string>,
  { to = receivers, method = "POST" } = {},
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const sent = request(http(path, to), { method, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => {
        const text = Buffer.concat(chunks).toString();
        resolve({ status: response.statusCode ?? 0, text, headers: response.headers });
      });
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

const JSON_BODY = { "content-type": "application/json" };
const EMPTY = "{}";

test.each([
  ["another path", "/v1/profiles", EMPTY, JSON_BODY, 404, "/v1/traces"],
  ["another content type", "/v1/traces", EMPTY, { "content-type": "text/plain" }, 415, "application/x-protobuf"],
  ["another encoding", "/v1/traces", EMPTY, { ...JSON_BODY, "content-encoding": "br" }, 415, "gzip"],
  ["a page of the web", "/v1/traces", EMPTY, { ...JSON_BODY, origin: "http://evil.example" }, 403, "web page"],
  ["a name that leads here", "/v1/traces", EMPTY, { ...JSON_BODY, host: "evil.example" }, 403, "not served"],
  ["no JSON", "/v1/traces", "{", JSON_BODY, 400, "no OTLP traces in json"],
  ["JSON of another signal", "/v1/traces", '{"resourceLogs":[]}', JSON_BODY, 400, "resourceLogs"],
  ["no gzip", "/v1/logs", "x", { ...JSON_BODY, "content-encoding": "gzip" }, 400, "cannot be unpacked"],
  ["a body too large", "/v1/traces", Buffer.alloc(BODY_LIMIT + 1), JSON_BODY, 413, "at most"],
])("%s is refused, with what to do", async (_, path, body, headers, status, text) => {
  const reply = await post(path, body, headers);
  expect([reply.status, (JSON.parse(reply.text) as { message: string }).message]).toEqual([
    status,
    expect.stringContaining(text),
  ]);
  expect((await post("/v1/traces", EMPTY, JSON_BODY)).status).toBe(200);
});

test("a body that unpacks to more than the limit is refused, whatever its size", async () => {
  const body = gzipSync(Buffer.alloc(BODY_LIMIT + 1, 0x20));
  const reply = await post("/v1/traces", body, { ...JSON_BODY, "content-encoding": "gzip" });
  expect([reply.status, reply.text]).toEqual([413, expect.stringContaining("unpacked body is too large")]);
});

test("a lab that has too much to read asks to send it again later", async () => {
  const busy = new Intake(() => ALL_TAKEN);
  const held = Array.from({ length: 4 }, () => busy.reserve(BODY_LIMIT));
  const own = await Receivers.listen(busy, { token: undefined, choices: [...ANY] });
  const reply = await post("/v1/traces", EMPTY, JSON_BODY, { to: own });
  expect([reply.status, reply.headers["retry-after"]]).toEqual([503, "1"]);
  for (const release of held) release();
  expect((await post("/v1/traces", EMPTY, JSON_BODY, { to: own })).status).toBe(200);
  expect(busy.counts).toMatchObject({ requests: 6, refused: 1 });
  await own.close();
});

test("where a token is set, only who has it may send", async () => {
  const authorization = "Bearer a-token";
  expect((await post("/v1/traces", EMPTY, JSON_BODY, { to: guarded })).status).toBe(401);
  expect((await post("/v1/traces", EMPTY, { ...JSON_BODY, authorization: "Bearer b" }, { to: guarded })).status).toBe(
    401,
  );
  await send(EXPORTERS["HTTP with protobuf"](guarded, { authorization }));
  expect(received).toHaveLength(2);
  await expect(send(EXPORTERS.gRPC(guarded))).rejects.toMatchObject({ code: 16 });
});

test("another address of this machine gets the same ports; one that it does not have is reported", async () => {
  expect(await receivers.alsoAt("127.0.0.2")).toBe(true);
  expect(await receivers.alsoAt("127.0.0.2")).toBe(true);
  const { port } = new URL(http("/"));
  const reply = await fetch(`http://127.0.0.2:${port}/v1/traces`, { method: "POST", headers: JSON_BODY, body: EMPTY });
  expect(reply.status).toBe(200);
  expect(await receivers.alsoAt("192.0.2.1")).toBe(false);
});

test("the next choice of ports is taken where the first is in use", async () => {
  const other = await Receivers.listen(intake, { token: undefined, choices: [receivers.ports, { http: 0, grpc: 0 }] });
  expect(other.ports.http).not.toBe(receivers.ports.http);
  await other.close();
  await expect(Receivers.listen(intake, { token: undefined, choices: [receivers.ports] })).rejects.toMatchObject({
    code: "port-taken",
  });
});
