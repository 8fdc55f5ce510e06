import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Writable } from "node:stream";
import { describe, expect, test, vi } from "vitest";
import { RunModel } from "../../model/run-model.ts";
import { readXml } from "../../testing/read-xml.ts";
import { decided, eventsOf, inconclusiveRun, sampleRun } from "../../testing/sample-events.ts";
import { shownOf } from "../../testing/shown-of.ts";
import { appendAll, eventsIn } from "../../testing/stored-events.ts";
import { temporaryFolder } from "../../testing/temporary-folder.ts";
import type { RunStore } from "../history/run-store.ts";
import { sampleSpan } from "../history/testing/telemetry-contract.ts";
import { LIMITS } from "./format.ts";
import { exportBundle, importBundle, verifyBundle } from "./index.ts";
import { openForged } from "./testing/forge-zip.ts";
import { openHistory, RUN_1, RUN_FILES, recordRun, runWith } from "./testing/recorded-run.ts";

const RUN_0 = "00000000-0000-4000-8000-000000000000";
const [LONG, ODD] = ["10000000-0000-4000-8000-000000000000", "0dd00000-0000-4000-8000-000000000000"] as const;

const VIEWER = { script: "0;", style: "p { margin: 0; }" };

const newFile = () => join(temporaryFolder(), "runs.zip");

async function exported(history: RunStore, runIds: string[] = [RUN_1]): Promise<string> {
  const file = newFile();
  await exportBundle({ history, runIds, file, viewer: VIEWER });
  return file;
}

const hashOf = (file: string) => createHash("sha256").update(readFileSync(file)).digest("hex");
const entryOf = (file: string, path: string) => String(openForged(file).find((entry) => entry.path === path)?.bytes);
const modelOf = async (history: RunStore, id: string) => RunModel.of(await eventsIn(history, id));

describe("a run that is exported and imported again", () => {
  test("is unchanged, event by event, and is marked as imported", async () => {
    const [here, there] = [await openHistory(), await openHistory()];
    await recordRun(here);
    const result = await importBundle({ history: there, file: await exported(here) });
    expect(result).toMatchObject({
      imported: [{ runId: RUN_1, scenarioTitle: "The MCP server crashes" }],
      alreadyHere: [],
    });
    expect(await eventsIn(there, RUN_1)).toEqual(await eventsIn(here, RUN_1));
    expect(shownOf(await modelOf(there, RUN_1))).toEqual(shownOf(await modelOf(here, RUN_1)));
    expect(await there.sources(RUN_1)).toEqual(await here.sources(RUN_1));
    expect(await there.find(RUN_1)).toEqual({ ...(await here.find(RUN_1)), importedFrom: "runs.zip" });
  });

  test.each([
    ["half of an emoji", "a \ud83d title", "a \ufffd title"],
    ["control characters", "a\u0000b\u001b[2Jc\u0007\u009b\nd", undefined],
    ["a direction override", "to alice\u202egnp.exe", undefined],
  ])("keeps a title with %s", async (_what, title, kept = title) => {
    const [here, there] = [await openHistory(), await openHistory()];
    const events = sampleRun(RUN_1).map((event) => {
      if (event.type === "run.started") return { ...event, scenario: { ...event.scenario, title } };
      return event.type === "run.ended" ? { ...event, reason: title } : event;
    });
    await recordRun(here, RUN_1, { events, scenarioTitle: title });
    const { imported } = await importBundle({ history: there, file: await exported(here) });
    expect(imported).toEqual([{ runId: RUN_1, scenarioTitle: kept }]);
    expect(await there.find(RUN_1)).toMatchObject({ scenarioTitle: kept, reason: kept });
    expect(await eventsIn(there, RUN_1)).toEqual(await eventsIn(here, RUN_1));
  });

  test("is exported again unchanged", async () => {
    const [here, there] = [await openHistory(), await openHistory()];
    await recordRun(here);
    const first = await exported(here);
    await importBundle({ history: there, file: first });
    expect(hashOf(await exported(there))).toBe(hashOf(first));
  });

  test("also with many events, several runs and text of every kind", async () => {
    const [here, there] = [await openHistory(), await openHistory()];
    const text = 'é \u2028 \u0000 \ud83d\ude00 \\ " </script>';
    const many = Array.from(
      { length: 3_000 },
      (_, index) => ({ type: "service.log", service: "gateway", stream: "stdout", line: `${text} ${index}` }) as const,
    );
    await recordRun(here, LONG, { events: runWith(many, LONG), startedWallMs: 5 });
    await recordRun(here, ODD, {
      events: runWith([decided({ arguments: { ["__proto__"]: text, list: [1.5, null, text] } })], ODD),
    });
    const progress = vi.fn();
    await importBundle({ history: there, file: await exported(here, [ODD, LONG]), onProgress: progress });
    for (const id of [LONG, ODD]) expect(await eventsIn(there, id)).toEqual(await eventsIn(here, id));
    const [done, total] = progress.mock.lastCall ?? [];
    expect(done).toBe(total);
  });

  test("also when its lab died before its first event", async () => {
    const [here, there] = [await openHistory(), await openHistory()];
    const ending = { type: "run.ended", outcome: "interrupted", reason: "the lab died" } as const;
    await recordRun(here, RUN_1, { events: eventsOf([ending]) });
    await importBundle({ history: there, file: await exported(here) });
    expect(await there.find(RUN_1)).toMatchObject({ outcome: "interrupted", scenarioId: "mcp-crash" });
  });

  test("with an inconclusive check: in the events, the report, JUnit and the trace", async () => {
    const [here, there] = [await openHistory(), await openHistory()];
    await recordRun(here, RUN_1, { events: inconclusiveRun(RUN_1) });
    const file = await exported(here);
    await importBundle({ history: there, file });
    expect(await eventsIn(there, RUN_1)).toEqual(await eventsIn(here, RUN_1));
    expect(await there.find(RUN_1)).toMatchObject({ outcome: "inconclusive" });
    const page = entryOf(file, "index.html");
    expect(page).toContain('<div class="verdict limit">inconclusive');
    expect(page).toContain("? could not be told");
    expect(page).toContain("Checks: 0 of 1 passed");
    const junit = readXml(entryOf(file, `runs/${RUN_1}/junit.xml`));
    expect(junit.find("testsuite")?.attributes).toMatchObject({ errors: "1", failures: "0" });
    const trace = entryOf(file, `runs/${RUN_1}/trace.otlp.json`);
    expect(trace).toContain('{"key":"resilience_lab.outcome","value":{"stringValue":"inconclusive"}}');
    expect(trace).toMatch(/"status":\{"code":2,"message":"decisions could not be told/);
  });

  test("without a stack file, when none was stored", async () => {
    const [here, there] = [await openHistory(), await openHistory()];
    await here.begin({
      id: RUN_1,
      scenarioId: "mcp-crash",
      scenarioTitle: "The MCP server crashes",
      scenarioSource: "",
      driver: "process",
      without: [],
      startedWallMs: 0,
    });
    await appendAll(here, sampleRun(RUN_1));
    await importBundle({ history: there, file: await exported(here) });
    expect((await there.sources(RUN_1)).stack).toBeUndefined();
  });
});

describe("a run that already exists", () => {
  test("stays unchanged, as does the original with its secrets", async () => {
    const history = await openHistory();
    const stackSource = "services: {db: {environment: {DB_PASSWORD: 'very-secret-1'}}}\n";
    await recordRun(history, RUN_1, {
      stackSource,
      events: runWith([{ type: "warning", code: "x", message: "token=abc very-secret-1" }]),
    });
    const file = await exported(history);
    for (const _ of ["first", "again"]) {
      expect(await importBundle({ history, file })).toMatchObject({ imported: [], alreadyHere: [RUN_1] });
    }
    expect((await history.sources(RUN_1)).stack).toContain("very-secret-1");
    expect((await history.find(RUN_1)).importedFrom).toBeNull();
  });

  test.each([
    ["an event", { events: runWith([{ type: "warning", code: "x", message: "another" }]) }],
    ["the scenario", { scenarioSource: "id: other\n" }],
    ["the stack file", { stackSource: "services: {}\n" }],
  ])("is a conflict when %s differs, and nothing of the bundle is imported", async (_, change) => {
    const [here, there] = [await openHistory(), await openHistory()];
    await recordRun(here, RUN_0, { startedWallMs: 1 });
    await recordRun(here);
    await recordRun(there, RUN_1, change);
    const importing = importBundle({ history: there, file: await exported(here, [RUN_0, RUN_1]) });
    await expect(importing).rejects.toMatchObject({ reason: "conflict", hint: expect.stringContaining("delete") });
    expect((await there.list({})).runs.map(({ id }) => id)).toEqual([RUN_1]);
  });
});

describe("the file", () => {
  test("has the same bytes for the same runs, in any order of the request and from any history", async () => {
    const [one, two] = [await openHistory(), await openHistory()];
    for (const [history, ids] of [
      [one, ["a", "b"]],
      [two, ["b", "a"]],
    ] as const) {
      for (const id of ids) await recordRun(history, id, { startedWallMs: id === "a" ? 1 : 2 });
    }
    const zone = process.env.TZ;
    const first = await exported(one, ["a", "b"]);
    process.env.TZ = "Asia/Tokyo";
    const second = await exported(two, ["b", "a", "a"]);
    process.env.TZ = zone ?? "UTC";
    expect(hashOf(second)).toBe(hashOf(first));
  });

  test("has the files that people and other tools need", async () => {
    const history = await openHistory();
    await recordRun(history);
    const file = await exported(history);
    expect(
      openForged(file)
        .map(({ path }) => path)
        .sort(),
    ).toEqual(
      RUN_FILES.map((name) => `runs/${RUN_1}/${name}`)
        .concat("index.html", "manifest.json")
        .sort(),
    );
    expect(readXml(entryOf(file, `runs/${RUN_1}/junit.xml`)).find("testcase")?.attributes.name).toBe("mcp-crash");
    expect(JSON.parse(entryOf(file, `runs/${RUN_1}/decisions.json`))).toMatchObject([
      { decision: "approvalRequired" },
      { decision: "expired" },
    ]);
    expect(entryOf(file, `runs/${RUN_1}/logs/gateway.log`).split("\n")).toEqual([
      "     0.090 s  stderr  no slack",
      "     0.100 s  (3 more lines were not recorded)",
      "",
    ]);
    expect(entryOf(file, `runs/${RUN_1}/scenario.yaml`)).toBe("id: mcp-crash\n");
  });

  test("has safe and distinct file names for logs", async () => {
    const history = await openHistory();
    const services = ["../../etc/passwd", "a/b", "a_b", "A_B", "C:\\x", "", "nul\0"];
    await recordRun(history, RUN_1, {
      events: runWith(
        services.map((service) => ({ type: "service.log", service, stream: "stdout", line: service }) as const),
      ),
    });
    const file = await exported(history);
    const logs = openForged(file)
      .map(({ path }) => path)
      .filter((path) => path.includes("/logs/"));
    expect(logs).toHaveLength(services.length + 1);
    expect(new Set(logs.map((path) => path.toLowerCase())).size).toBe(logs.length);
    expect((await verifyBundle(file)).problems).toEqual([]);
  });

  test("has the trace with OpenTelemetry's names, and a failed call with its fault", async () => {
    const history = await openHistory();
    const traceId = "0af7651916cd43dd8448eb211c80319c";
    const call = { callId: "c", traceId, spanId: "b7ad6b7169203331", sessionId: "s" };
    await recordRun(history, RUN_1, {
      events: runWith([
        decided({ ...call, rowId: "8" }),
        decided({ ...call, rowId: "9", decision: "upstream_error", reason: "refused" }),
        { type: "fault.hit", fault: "fault-1", link: "l", effect: "refused", traceId },
      ]),
    });
    const trace = JSON.parse(entryOf(await exported(history), `runs/${RUN_1}/trace.otlp.json`));
    const spans = trace.resourceSpans.flatMap((block: { scopeSpans: { spans: unknown[] }[] }) =>
      block.scopeSpans.flatMap((scope) => scope.spans),
    ) as Record<string, unknown>[];
    expect(spans.map(({ name }) => name).sort()).toEqual([
      "approval create_refund",
      "fault stop slack",
      "run mcp-crash",
      "step fault",
      // By the gateway's record, and as it was read on a link.
      "tools/call create_refund",
      "tools/call create_refund",
      "tools/call list_recent_charges",
    ]);
    const failed = spans.find(({ name }) => name === "tools/call list_recent_charges");
    expect(failed).toMatchObject({ kind: 2, status: { code: 2, message: "refused" } });
    expect(failed?.links).toEqual([{ traceId, spanId: call.spanId }]);
    expect(failed?.attributes).toEqual(
      expect.arrayContaining([
        { key: "mcp.method.name", value: { stringValue: "tools/call" } },
        { key: "gen_ai.tool.name", value: { stringValue: "list_recent_charges" } },
        { key: "gen_ai.operation.name", value: { stringValue: "execute_tool" } },
        { key: "error.type", value: { stringValue: "upstream_error" } },
        { key: "resilience_lab.fault.id", value: { stringValue: "fault-1" } },
      ]),
    );
    expect(spans.find(({ name }) => name === "step fault")).toMatchObject({
      startTimeUnixNano: "1700000000050000000",
      endTimeUnixNano: "1700000000090000000",
    });
  });

  test("stores what compresses so well that an import would take it for a zip bomb", async () => {
    const history = await openHistory();
    await recordRun(history, RUN_1, {
      events: runWith([{ type: "warning", code: "x", message: "a".repeat(300_000) }]),
    });
    const limits = { ...LIMITS, denseBytes: 1_000, ratio: 20 };
    const file = newFile();
    await exportBundle({ history, runIds: [RUN_1], file, limits });
    expect((await verifyBundle(file, { limits })).problems).toEqual([]);
  });

  test("may be written to a stream, with the same bytes", async () => {
    const history = await openHistory();
    await recordRun(history);
    const chunks: Buffer[] = [];
    const stream = new Writable({ write: (chunk, _, done) => done(void chunks.push(chunk)) });
    const { bytes } = await exportBundle({ history, runIds: [RUN_1], stream, viewer: VIEWER });
    expect(Buffer.concat(chunks)).toEqual(readFileSync(await exported(history)));
    expect(Buffer.concat(chunks)).toHaveLength(bytes);
  });

  test("reports a run of thousands of decisions in bounded space, and mentions that", async () => {
    const history = await openHistory();
    const rows = Array.from({ length: 2_500 }, (_, index) =>
      decided({ rowId: `${index + 9}`, callId: `c${index}`, tool: `tool_${index}` }),
    );
    await recordRun(history, RUN_1, { events: runWith(rows) });
    const file = await exported(history);
    expect(JSON.parse(entryOf(file, `runs/${RUN_1}/decisions.json`))).toHaveLength(2_502);
    const page = entryOf(file, "index.html");
    expect(page).toContain("only the first 1000 of 2502 call.decided events");
    expect(page).toContain("The first 300 of 2502");
    expect(page.length).toBeLessThan(600_000);
  });
});

test("what persons wrote on a run goes with it, redacted", async () => {
  const [here, there] = [await openHistory(), await openHistory()];
  await recordRun(here);
  const note = { id: RUN_0, atMs: 90, text: "ask ann@example.com" };
  await here.annotate(RUN_1, { set: "name", name: "For the team" });
  await here.annotate(RUN_1, { set: "tags", tags: ["talk"] });
  await here.annotate(RUN_1, { set: "note", ...note });
  const file = await exported(here);
  expect(String(openForged(file).map(({ bytes }) => bytes))).not.toContain("ann@example.com");
  expect(entryOf(file, "index.html")).toContain("For the team");
  expect(await verifyBundle(file, { viewer: VIEWER })).toMatchObject({ isValid: true, viewerDiffers: false });
  await importBundle({ history: there, file });
  expect((await there.find(RUN_1)).annotations).toEqual({
    name: "For the team",
    tags: ["talk"],
    notes: [{ ...note, text: expect.stringMatching(/^ask .*email/), writtenWallMs: expect.any(Number) }],
  });
});

describe("the viewer in a bundle", () => {
  test("is the one that this lab writes, with telemetry and several runs", async () => {
    const history = await openHistory();
    await recordRun(history);
    await recordRun(history, RUN_0, { startedWallMs: 1 });
    await history.addTelemetry(RUN_0, [sampleSpan()]);
    const file = await exported(history, [RUN_0, RUN_1]);
    expect(entryOf(file, "index.html").match(/data-run=/g)).toHaveLength(2);
    expect(await verifyBundle(file, { viewer: VIEWER })).toMatchObject({ isValid: true, viewerDiffers: false });
  });

  test("of another version, or changed, is reported and refuses nothing", async () => {
    const history = await openHistory();
    await recordRun(history);
    const other = { ...VIEWER, script: "1;" };
    const verified = await verifyBundle(await exported(history), { viewer: other });
    expect(verified).toMatchObject({ isValid: true, viewerDiffers: true });
  });
});
