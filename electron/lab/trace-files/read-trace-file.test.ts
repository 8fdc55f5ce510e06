import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { readTraceFile } from "./read-trace-file.ts";
import { exportedSpans } from "./testing/exported-spans.ts";
import { treeOf } from "./trace-tree.ts";

const SAMPLES = join(import.meta.dirname, "..", "evaluation", "testing", "traces");
const sample = (name: string) => readFileSync(join(SAMPLES, name));
const read = (value: unknown) => readTraceFile(Buffer.from(typeof value === "string" ? value : JSON.stringify(value)));

const exported = exportedSpans();
const request = JSON.parse(exported.json) as { resourceSpans: Record<string, unknown>[] };

/** What OpenTelemetry's SDK was told, as every format has to tell it. */
const EXPECTED = [
  {
    traceId: exported.traceId,
    spanId: exported.outerId,
    parentId: undefined,
    name: "POST /orders",
    kind: "server",
    service: "shop",
    scope: "checkout",
    startUs: 1_771_237_534_577_907,
    endUs: 1_771_237_534_580_000,
    isError: false,
    attributes: {
      "service.name": "shop",
      "deployment.environment.name": "test",
      "a.text": "é",
      "a.count": 7,
      "a.ratio": 0.5,
      "a.flag": true,
      "a.list": ["x", "y"],
    },
  },
  {
    traceId: exported.traceId,
    spanId: exported.innerId,
    parentId: exported.outerId,
    name: "charge",
    kind: "client",
    startUs: 1_771_237_534_578_000,
    isError: true,
    statusMessage: "card declined",
    events: [{ name: "retried", atUs: 1_771_237_534_578_500, attributes: { attempt: 2 } }],
  },
];

function prefixed(message: Uint8Array): Uint8Array {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(message.length);
  return Buffer.concat([length, message]);
}

describe("spans of OpenTelemetry's own exporters", () => {
  const [resourceSpans] = request.resourceSpans;
  const { scopeSpans, ...resource } = resourceSpans as { scopeSpans: { scope: unknown; spans: unknown[] }[] };
  const spans = scopeSpans.flatMap((scoped) => scoped.spans);
  const older = {
    batches: [
      {
        ...resource,
        instrumentationLibrarySpans: scopeSpans.map(({ scope, spans }) => ({ instrumentationLibrary: scope, spans })),
      },
    ],
  };
  const snake = exported.json.replaceAll(/"([a-z]+(?:[A-Z][a-z]+)+)":/g, (_, name: string) => {
    return `"${name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}":`;
  });

  test.each<[string, string, Uint8Array | string]>([
    ["OTLP protobuf", "OTLP protobuf", exported.protobuf],
    ["OTLP protobuf as a collector's file exporter writes it", "OTLP protobuf", prefixed(exported.protobuf)],
    ["OTLP protobuf in gzip", "OTLP protobuf", gzipSync(exported.protobuf)],
    ["OTLP JSON", "OTLP JSON", exported.json],
    ["OTLP JSON in gzip", "OTLP JSON", gzipSync(exported.json)],
    ["OTLP JSON laid out", "OTLP JSON", JSON.stringify(request, null, 2)],
    ["OTLP JSON after a byte order mark", "OTLP JSON", `\uFEFF${exported.json}`],
    ["OTLP JSON that Windows' older shells wrote", "OTLP JSON", Buffer.from(`\uFEFF${exported.json}`, "utf16le")],
    [
      "OTLP JSON in UTF-16, the other way round",
      "OTLP JSON",
      Buffer.from(`\uFEFF${exported.json}`, "utf16le").swap16(),
    ],
    ["OTLP JSON in the names of its .proto file", "OTLP JSON", snake],
    ["Tempo, first version", "OTLP JSON", JSON.stringify(older)],
    ["Tempo, second version", "OTLP JSON", JSON.stringify({ trace: request })],
    ["Tempo, second version, older names", "OTLP JSON", JSON.stringify({ trace: older })],
    ["Jaeger's third API", "OTLP JSON", JSON.stringify({ result: request })],
    ["a list of exports", "OTLP JSON", JSON.stringify([request])],
    [
      "an export a line, as the collector's file exporter writes",
      "OTLP JSON lines",
      spans
        .map((span) =>
          JSON.stringify({ resourceSpans: [{ ...resource, scopeSpans: [{ ...scopeSpans[0], spans: [span] }] }] }),
        )
        .join("\n"),
    ],
  ])("are read from %s", (_, format, content) => {
    const file = readTraceFile(typeof content === "string" ? Buffer.from(content) : content);
    expect(file).toMatchObject({ format, problems: [], traces: [{ traceId: exported.traceId, spans: EXPECTED }] });
  });

  test("are read from a span a line, whose resource is lost", () => {
    const file = read(`${spans.map((span) => JSON.stringify(span)).join("\n\n")}\n`);
    expect(file).toMatchObject({ format: "OTLP JSON lines", problems: [] });
    expect(file.traces[0]?.spans).toMatchObject([
      { name: "POST /orders", spanId: exported.outerId },
      { name: "charge", parentId: exported.outerId },
    ]);
  });
});

test.each([91, 123])("a protobuf whose length of %i is the code of a bracket is read as one", (length) => {
  const field = (number: number, content: Uint8Array) =>
    Buffer.concat([Buffer.from([(number << 3) | 2, content.length]), content]);
  const [traceId, spanId] = [Buffer.alloc(16, 0xab), Buffer.alloc(8, 0xcd)];
  const start = Buffer.from([(7 << 3) | 1, 0, 0, 0, 0, 0, 0, 0, 1]);
  const name = Buffer.alloc(length - 43, "n");
  const span = Buffer.concat([field(1, traceId), field(2, spanId), field(5, name), start]);
  const message = field(1, field(2, field(2, span)));
  for (const bytes of [message, prefixed(message)]) {
    const file = readTraceFile(bytes);
    expect(file).toMatchObject({ format: "OTLP protobuf", traces: [{ spans: [{ name: name.toString() }] }] });
  }
});

describe("numbers and ids", () => {
  const span = (fields: object) => ({
    resourceSpans: [
      { scopeSpans: [{ spans: [{ traceId: "ab".repeat(16), spanId: "cd".repeat(8), name: "s", ...fields }] }] },
    ],
  });
  const only = (text: string) => read(text).traces[0]?.spans[0];

  test("nanoseconds beyond 2^53 are exact, as text and as numbers", () => {
    const text = JSON.stringify(
      span({ startTimeUnixNano: "1777555053780274999", endTimeUnixNano: "1777555053781172001" }),
    );
    const expected = { startUs: 1_777_555_053_780_274, endUs: 1_777_555_053_781_172 };
    expect(only(text)).toMatchObject(expected);
    expect(only(text.replaceAll(/"(\d{19})"/g, "$1"))).toMatchObject(expected);
  });

  test("whole numbers beyond 2^53 in attributes keep their digits", () => {
    const attributes = [
      { key: "id", value: { intValue: "9007199254740993" } },
      { key: "n", value: { intValue: "12" } },
    ];
    expect(only(JSON.stringify(span({ startTimeUnixNano: "1", attributes })))?.attributes).toEqual({
      id: "9007199254740993",
      n: 12,
    });
  });

  test("ids are hex in any case, or base64", () => {
    const base64 = {
      traceId: Buffer.alloc(16, 0xab).toString("base64"),
      spanId: Buffer.alloc(8, 0xcd).toString("base64"),
    };
    for (const ids of [{}, { traceId: "AB".repeat(16), spanId: "CD".repeat(8) }, base64]) {
      expect(only(JSON.stringify(span({ startTimeUnixNano: "1", ...ids })))).toMatchObject({
        traceId: "ab".repeat(16),
        spanId: "cd".repeat(8),
      });
    }
  });

  test("a span without an end has not ended", () => {
    for (const fields of [{}, { endTimeUnixNano: "0" }, { endTimeUnixNano: 0 }]) {
      expect(only(JSON.stringify(span({ startTimeUnixNano: "1000", ...fields })))?.endUs).toBeUndefined();
    }
  });

  test("attributes as flat and as nested objects, and lists and maps as values", () => {
    const attributes = { "service.name": "x", gen_ai: { operation: { name: "chat" } } };
    expect(only(JSON.stringify(span({ startTimeUnixNano: "1", attributes })))).toMatchObject({
      service: "x",
      attributes: { "gen_ai.operation.name": "chat" },
    });
    const kept = [
      {
        key: "map",
        value: { kvlistValue: { values: [{ key: "a", value: { arrayValue: { values: [{ boolValue: true }] } } }] } },
      },
    ];
    expect(only(JSON.stringify(span({ startTimeUnixNano: "1", attributes: kept })))?.attributes).toEqual({
      map: { a: [true] },
    });
  });
});

describe("samples of others", () => {
  test("Jaeger JSON: all spans, their parents, services and logs", () => {
    const { format, traces, problems } = readTraceFile(sample("helm.json"));
    expect([format, problems, traces.length, traces[0]?.spans.length]).toEqual(["Jaeger JSON", [], 1, 96]);
    expect(treeOf(traces[0] as never).roots).toHaveLength(1);
    expect(traces[0]?.spans.find(({ name }) => name === "call_llm")).toMatchObject({
      service: "helm_agent",
      scope: "gcp.vertex.agent",
      parentId: "581f1448d659341f",
      startUs: 1_771_237_534_594_565,
      endUs: 1_771_237_534_594_565 + 2_343_756,
      attributes: { "service.namespace": "kagent", "gen_ai.usage.input_tokens": 1820 },
    });
  });

  test("Tempo's export with batches: 86 spans, 10 roots", () => {
    const { format, traces, problems } = readTraceFile(sample("tempo_export_with_batches.json"));
    expect([format, problems, traces.length, traces[0]?.spans.length]).toEqual(["OTLP JSON", [], 1, 86]);
    expect(treeOf(traces[0] as never).roots).toHaveLength(10);
  });

  test("Jaeger JSON with a span a line, as it is stored, has its process in each", () => {
    const { data } = JSON.parse(sample("helm.json").toString()) as {
      data: [{ spans: { processID: string }[]; processes: Record<string, unknown> }];
    };
    const [{ spans, processes }] = data;
    const lines = spans.map((span) => JSON.stringify({ ...span, process: processes[span.processID], warnings: null }));
    const whole = readTraceFile(sample("helm.json"));
    expect(read(lines.join("\r\n"))).toEqual({ ...whole, format: "Jaeger JSON lines" });
  });

  test("of a file with all that a collector received the traces are read", () => {
    const others = [{ resourceLogs: [{}] }, { resourceMetrics: [{}] }].map((each) => JSON.stringify(each));
    const file = read([others[0], exported.json, others[1]].join("\n"));
    expect(file).toMatchObject({ problems: [], traces: [{ spans: EXPECTED }] });
  });

  test("several traces of one file are apart", () => {
    const { data } = JSON.parse(sample("helm.json").toString()) as { data: object[] };
    const other = JSON.parse(
      JSON.stringify(data[0]).replaceAll("3e289017fe03ffd7c4145316d2eb3d0d", "0".repeat(31).concat("1")),
    ) as object;
    expect(read({ data: [data[0], other] }).traces.map(({ spans }) => spans.length)).toEqual([96, 96]);
  });
});

describe("what cannot be read", () => {
  test.each([
    ["", /the file is empty/],
    ["  \n", /the file is empty/],
    ["{}", /it is JSON, but no trace: an empty object/],
    ['{"hello": 1, "world": 2}', /it is JSON, but no trace: an object with hello, world/],
    ["[1, 2]", /it is JSON, but no trace: a list/],
    ['{"data": ', /it is neither JSON nor lines of JSON/],
    ['[{"traceId":"a","id":"b","localEndpoint":{"serviceName":"c"}}]', /this is a Zipkin trace; export it as OTLP/],
    ["<!doctype html><html></html>", /this is an HTML page/],
    ['{"log":{"version":"1.2","entries":[]}}', /this is a HAR file/],
    ['[[{"trace_id":1,"span_id":2,"service":"a","resource":"/","duration":3}]]', /this is a Datadog trace/],
    [
      '{\n"name":"chat",\n"context":{"trace_id":"0xa","span_id":"0xb","trace_state":"[]"},\n"attributes":{},"resource":{}}\n{}',
      /this is the output of OpenTelemetry's console exporter; give the program an exporter of OTLP/,
    ],
    ['[{"fields":[{"name":"traceID","values":[]},{"name":"spanID"}]}]', /this is a data frame of Grafana/],
    ["PK\u0003\u0004rest", /this is a zip file/],
    ["not a trace", /it is neither JSON nor OTLP protobuf/],
    [gzipSync("nothing"), /it is neither JSON nor OTLP protobuf/],
    [Buffer.from([0x1f, 0x8b, 1, 2, 3]), /it cannot be unpacked/],
    [`{"resourceSpans":[{"resource":{"attributes":${"[".repeat(50_000)}${"]".repeat(50_000)}}}]}`, /nested too deep/],
  ])("%j is refused, with what was expected", (content, message) => {
    const bytes = typeof content === "string" ? Buffer.from(content) : content;
    expect(() => readTraceFile(bytes)).toThrow(
      expect.objectContaining({ code: "bad-input", message: expect.stringMatching(message) }),
    );
  });

  test("a span that is damaged is named with its place, and the others are read", () => {
    const damaged = structuredClone(request) as {
      resourceSpans: { scopeSpans: { spans: Record<string, unknown>[] }[] }[];
    };
    const spans = damaged.resourceSpans[0]?.scopeSpans[0]?.spans ?? [];
    spans.push({ ...spans[0], spanId: "" }, { ...spans[0], startTimeUnixNano: "soon" }, null as never);
    const { traces, problems } = read(damaged);
    expect(traces[0]?.spans).toHaveLength(2);
    expect(problems).toEqual([
      "span 2 of resourceSpans[0]: its spanId is no id of 8 bytes",
      "span 3 of resourceSpans[0]: its startTimeUnixNano is no whole number",
      "span 4 of resourceSpans[0]: it is not an object",
    ]);
  });

  test("times beyond 64 bits, what is no trace among traces, and a trace of which Tempo has a part, are named", () => {
    const [good, late] = [structuredClone(request), structuredClone(request)] as {
      resourceSpans: { scopeSpans: { spans: Record<string, unknown>[] }[] }[];
    }[];
    const [span] = late?.resourceSpans[0]?.scopeSpans[0]?.spans ?? [];
    Object.assign(span ?? {}, { startTimeUnixNano: "9".repeat(400) });
    expect(read(late).problems).toEqual(["span 0 of resourceSpans[0]: its time is not one of 64 bits"]);
    expect(read({ trace: good, status: "PARTIAL", message: "it is too large" }).problems).toEqual([
      "it is a part of the trace: it is too large",
    ]);
    expect(read({ trace: {}, metrics: {} })).toMatchObject({ traces: [], problems: [] });
    const jaeger = JSON.parse(sample("helm.json").toString()) as { data: { spans: Record<string, unknown>[] }[] };
    Object.assign(jaeger.data[0]?.spans[0] ?? {}, { startTime: 1e300 });
    const { traces, problems } = read({ data: [...jaeger.data, { traceID: "a" }] });
    expect(traces[0]?.spans).toHaveLength(95);
    expect(problems).toEqual([
      "span 0 of trace 3e289017fe03ffd7c4145316d2eb3d0d: its time is not one of 64 bits",
      "data[1] is no trace",
    ]);
  });

  test("a line that is cut off is named, and the lines before it are read", () => {
    const { traces, problems } = read(`${exported.json}\n${exported.json.slice(0, 100)}`);
    expect(traces[0]?.spans).toHaveLength(2);
    expect(problems).toEqual([expect.stringMatching(/^line 2: no JSON: /)]);
  });

  test("ten thousand damaged files end in a refusal with a reason, or in a trace", () => {
    // Independent of time and machine: a linear congruential generator.
    let state = 7;
    const next = (below: number) => {
      state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
      return state % below;
    };
    const sources = [
      Buffer.from(exported.json),
      Buffer.from(exported.protobuf),
      Buffer.from(JSON.stringify({ data: [] })),
    ];
    for (let round = 0; round < 10_000; round++) {
      const bytes = Buffer.from(sources[round % sources.length] as Buffer);
      for (let change = 0; change <= next(4); change++) bytes[next(bytes.length)] = next(256);
      const cut = next(3) === 0 ? bytes.subarray(0, next(bytes.length)) : bytes;
      try {
        expect(readTraceFile(cut).traces.every(({ spans }) => spans.length > 0)).toBe(true);
      } catch (error) {
        expect(error).toMatchObject({ code: "bad-input", message: expect.stringMatching(/\w/) });
      }
    }
  });
});
