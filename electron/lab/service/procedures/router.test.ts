import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { call, ORPCError } from "@orpc/server";
import { afterAll, beforeAll, expect, test } from "vitest";
import { lastingFolder } from "../../../testing/lasting-folder.ts";
import { LabError } from "../../lab-error.ts";
import { EngineService } from "../engine-service.ts";
import { PageConnection } from "../streams/stream-registry.ts";
import { type LabRouter, labRouter } from "./router.ts";

const HOST = {
  host: "browser",
  export: "download",
  openDialog: false,
  notifications: false,
  nativeTheme: false,
} as const;
const RUN = "0f0f0f0f-1111-4222-8333-444444444444";
const MINE = `
id: mine
title: One of my own
patterns: [timeout]
steadyState: [{ service: gateway, is: up }]
method: [{ fault: { stop: mock-slack } }, { wait: 10ms }]
expect: [{ within: 20s }]
`;

const home = lastingFolder();
let service: EngineService;
let router: LabRouter;
const noFiles = {
  open: async () => undefined,
  chooseStack: async () => undefined,
  choose: async () => null,
  find: () => {
    throw new LabError("bad-input", "this file is no longer held by the lab");
  },
};

beforeAll(async () => {
  service = await EngineService.start({ ...process.env, RESILIENCE_LAB_HOME: home });
  router = labRouter({ service, host: HOST, files: noFiles });
});
afterAll(async () => {
  await service.close();
});

/** What a page would be told, for anything that it might send: its shape is the contract's to check, not the test's. */
async function send(procedure: string, input?: unknown): Promise<unknown> {
  const [group = "", name = ""] = procedure.split(".");
  const found = (router as unknown as Record<string, Record<string, Parameters<typeof call>[0]>>)[group]?.[name];
  if (found === undefined) throw new Error(`there is no ${procedure}`);
  return call(found, input, { context: { connection: new PageConnection() } as never });
}

async function refusal(procedure: string, input?: unknown): Promise<ORPCError<string, { hint: string | null }>> {
  const error = await send(procedure, input).catch((thrown: unknown) => thrown);
  if (error instanceof ORPCError) return error as ORPCError<string, { hint: string | null }>;
  throw new Error(`${procedure} was not refused: ${JSON.stringify(error)}`);
}

test.each([
  ["scenarios.get", { id: "../../etc/passwd" }],
  ["scenarios.get", { id: "approval-timeout", file: "/etc/passwd" }],
  ["scenarios.delete", { id: "a/../b" }],
  ["scenarios.save", { source: "x".repeat(300_000) }],
  ["scenarios.save", { source: "", fixes: "../broken.yaml" }],
  ["scenarios.getBroken", { name: "../broken.yaml" }],
  ["scenarios.getBroken", { name: "..\\broken.yaml" }],
  ["scenarios.getBroken", { name: "/etc/passwd" }],
  ["scenarios.getBroken", { name: "inner/broken.yaml" }],
  ["scenarios.getBroken", { name: "broken.yaml\0" }],
  ["scenarios.getBroken", { name: "history.db" }],
  ["scenarios.deleteBroken", { name: ".." }],
  ["scenarios.deleteBroken", { name: "../journal.yaml" }],
  ["scenarios.deleteBroken", { name: ["broken.yaml"] }],
  ["stack.fault", { kind: "stop", target: "mock-slack", command: "rm -rf /" }],
  ["stack.fault", { kind: "stop", target: ["mock-slack"] }],
  ["stack.fault", { kind: "stop", target: "mock-slack", forMs: -1 }],
  ["stack.fault", { kind: "latency", target: "a->b", attributes: { by: { nested: true } } }],
  ["stack.undo", {}],
  ["runs.start", { scenarioIds: [] }],
  ["runs.start", { scenarioIds: ["mcp-crash"], repeat: 1e9 }],
  ["runs.start", { scenarioIds: ["mcp-crash"], without: "all" }],
  ["runs.cancel", { entryId: "1 OR 1=1" }],
  ["history.get", { runId: "'; DROP TABLE runs; --" }],
  ["history.list", { limit: 1e9 }],
  ["history.list", { order: "drop" }],
  ["history.events", { runId: RUN, limit: 1e9 }],
  ["history.delete", { runIds: [] }],
  ["settings.set", { historyLimit: 0 }],
  ["settings.set", { operator: "a\nb" }],
  ["settings.set", { dataFolder: "/" }],
  ["events.subscribe", { topic: "lab" }],
  ["events.subscribe", { topic: "run", subscription: RUN, runId: RUN, afterSeq: -1 }],
  ["approvals.decide", { ticket: "t", decision: "execute" }],
  ["bundles.export", { runIds: ["../x"] }],
  ["bundles.verify", { upload: "/etc/passwd" }],
])("%s refuses %j at the door", async (procedure, input) => {
  const { code, message } = await refusal(procedure, input);
  expect(code).toBe("bad-input");
  expect(message).toMatch(/^the lab refuses this: /);
});

test.each([
  ["scenarios.get", { id: "no-such" }, "bad-input"],
  ["scenarios.delete", { id: "approval-timeout" }, "bad-input"],
  ["scenarios.getBroken", { name: "absent.yaml" }, "bad-input"],
  ["scenarios.deleteBroken", { name: "absent.yaml" }, "bad-input"],
  ["runs.start", { scenarioIds: ["mcp-crash"], without: ["gravity"] }, "bad-input"],
  ["runs.cancel", { entryId: RUN }, "bad-input"],
  ["runs.rerun", { runId: RUN }, "bad-input"],
  ["history.get", { runId: RUN }, "bad-input"],
  ["history.pin", { runId: RUN, pinned: true }, "bad-input"],
  ["history.laneSummary", { runId: RUN }, "bad-input"],
  ["stack.fault", { kind: "stop", target: "mock-slack" }, "precondition"],
  ["stack.start", { service: "mock-slack" }, "precondition"],
  ["approvals.decide", { ticket: "t", decision: "approve" }, "precondition"],
  ["bundles.import", { upload: RUN }, "bad-input"],
])("%s of %j fails by name", async (procedure, input, code) => {
  expect(await refusal(procedure, input)).toMatchObject({ code, message: expect.stringMatching(/\w/) });
});

test("a run that does not exist is no stream", async () => {
  const stream = (await send("events.subscribe", {
    topic: "run",
    subscription: RUN,
    runId: RUN,
    afterSeq: 0,
  })) as AsyncGenerator<unknown>;
  await expect(stream.next()).rejects.toMatchObject({ code: "bad-input" });
});

test("a scenario of the user's own is kept beside the shipped ones, and never over them", async () => {
  expect(await send("scenarios.save", { source: MINE })).toEqual({ ids: ["mine"] });
  expect(await send("scenarios.get", { id: "mine" })).toMatchObject({
    origin: "user",
    breaks: ["stop mock-slack"],
    needs: [],
    checks: ["within: 20s"],
    source: MINE,
  });
  expect((await refusal("scenarios.save", { source: MINE })).code).toBe("precondition");
  await send("scenarios.save", { source: MINE.replace("One of my own", "Another"), replace: true });
  expect(await send("scenarios.get", { id: "mine" })).toMatchObject({ title: "Another" });
  const shipped = { source: MINE.replace("id: mine", "id: mcp-crash"), replace: true };
  expect(await refusal("scenarios.save", shipped)).toMatchObject({ code: "bad-input" });
  expect(await refusal("scenarios.save", { source: MINE.replace("id: mine", "id: by-hand") })).toMatchObject({
    code: "bad-input",
  });
  await send("scenarios.delete", { id: "mine" });
  expect((await refusal("scenarios.get", { id: "mine" })).code).toBe("bad-input");
});

test("a broken file is told, given, undone and deleted, and each window hears of it", async () => {
  const broken = MINE.replace("method", "metod");
  mkdirSync(join(home, "scenarios"), { recursive: true });
  for (const name of ["broken.yaml", "hopeless.yaml"]) writeFileSync(join(home, "scenarios", name), broken);
  const names = async () => {
    const catalogue = (await send("scenarios.list")) as { broken: { name: string }[] };
    return catalogue.broken.map(({ name }) => name);
  };
  const version = async () => ((await send("events.state")) as { scenariosVersion: number }).scenariosVersion;
  expect(await names()).toEqual(["broken.yaml", "hopeless.yaml"]);
  expect(await send("scenarios.getBroken", { name: "broken.yaml" })).toMatchObject({ source: broken });
  const before = await version();
  await send("scenarios.deleteBroken", { name: "hopeless.yaml" });
  expect(await version()).toBe(before + 1);
  await send("scenarios.save", { source: MINE, fixes: "broken.yaml" });
  expect(await names()).toEqual([]);
  await send("scenarios.delete", { id: "mine" });
});

test("what is wrong with a text is said by line, as it is typed and when it is saved", async () => {
  const source = "id: mine\ntitle: x\npatterns: []\nsteadyState: []\nmetod: []\n";
  const validation = (await send("scenarios.validate", { source })) as { problems: { line: number }[] };
  expect(validation.problems.some(({ line }) => line === 5)).toBe(true);
  const { code, data } = await refusal("scenarios.save", { source });
  expect(code).toBe("bad-input");
  expect(data).toMatchObject({ problems: validation.problems });
});

test("settings are kept, and what was not named stays", async () => {
  await send("settings.set", { theme: "dark" });
  await send("settings.set", { historyLimit: 50 });
  expect(await send("settings.get")).toMatchObject({ theme: "dark", historyLimit: 50, operator: "operator" });
});

test("every answer is as the contract says while nothing is up", async () => {
  expect(await send("capabilities.get")).toMatchObject({ host: "browser", bundles: true, readOnlyBecause: null });
  expect(await send("stack.status")).toMatchObject({ state: "down", protections: { off: [] } });
  expect(await send("runs.active")).toEqual({ active: [], ended: [], left: 0, pause: null });
  expect(await send("approvals.history", {})).toEqual({ decided: [], hasMore: false });
  expect(await send("stack.undo", { target: "all" })).toEqual({ undone: 0, residue: [] });
  expect(await send("diagnostics.get")).toMatchObject({ dataFolder: join(home), queue: { queued: 0, running: 0 } });
  expect(await send("scenarios.plan", { id: "approval-timeout" })).toContainEqual({
    step: "fault: stop mock-slack",
    background: false,
    touches: expect.stringContaining("mock-slack"),
    fault: { effect: "stopped", undo: "start", atMostMs: 600_000 },
  });
  expect(await send("scenarios.schema")).toMatchObject({ type: "object" });
  expect(await send("history.list", {})).toMatchObject({ runs: [], hasMore: false, matching: 0 });
});

test("a halted lab breaks nothing until it is armed", async () => {
  await send("stack.halt");
  expect(await refusal("runs.start", { scenarioIds: ["mcp-crash"] })).toMatchObject({
    code: "precondition",
    data: { hint: "arm it again first" },
  });
  expect(await send("events.state")).toMatchObject({ halted: true });
  await send("stack.arm");
  expect(await send("events.state")).toMatchObject({ halted: false });
});
