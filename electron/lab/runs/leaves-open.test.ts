import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fakeContext } from "../../testing/fake-services.ts";
import { PROJECT_FOLDER } from "../version.ts";
import { LeavesOpen } from "./leaves-open.ts";

/** With the diagnostics of the stack's services; leaks on request. */
const LEAKING_SERVICE = `${PROJECT_FOLDER}/resources/stack/http/testing/leaking-service.ts`;
let service: ChildProcess;
let url: string;
beforeAll(async () => {
  service = spawn(process.execPath, [LEAKING_SERVICE], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = await once(service.stdout as NodeJS.ReadableStream, "data");
  url = /http:\S+/.exec(String(line))?.[0] ?? "";
});
afterAll(kill);

async function kill(): Promise<void> {
  if (service.exitCode !== null || service.signalCode !== null) return;
  service.kill("SIGKILL");
  await once(service, "exit");
}

const never = new AbortController().signal;

/** A run in whose method `work` happens. */
async function runOf(work: () => unknown, { limitMs = 300, diagnostics = "/health" as string | null } = {}) {
  const { context, log } = fakeContext(new URL(url).host);
  if (diagnostics !== null) Object.assign(context.stack.stack.services[0] ?? {}, { diagnostics });
  const leavesOpen = new LeavesOpen(context, limitMs);
  await leavesOpen.before(never);
  await work();
  return { context, log, verdict: () => leavesOpen.after(never) };
}
const leak = async (what: string) => {
  await (await fetch(`${url}/leak?${what}`, { method: "POST" })).text();
};

describe("what a run leaves open", () => {
  test("is nothing once its requests are answered and their connections wait for the next", async () => {
    const requests: Promise<unknown>[] = [];
    const ask = async () => (await fetch(`${url}/slow`)).text();
    const run = await runOf(() => void requests.push(...Array.from({ length: 8 }, ask)), { limitMs: 10_000 });
    expect(await run.verdict()).toMatchObject({
      passed: true,
      observed: "nothing: 0 calls have ended once each; gateway as before",
    });
    await Promise.all(requests);
  });

  test.each([
    ["sockets", /^gateway has \d+ sockets, \d+ before/],
    ["timers", /^gateway has \d+ timers, \d+ before$/],
    ["listeners", /^gateway has \d+ listeners, \d+ before$/],
    ["sessions", /^gateway has \d+ sessions, \d+ before$/],
    ["streams", /^gateway has \d+ requests or streams, \d+ before/],
  ])("is found, and named: %s", async (what, named) => {
    const run = await runOf(() => leak(what));
    expect(await run.verdict()).toMatchObject({
      passed: false,
      expected: "nothing",
      observed: expect.stringMatching(named),
    });
  });

  test("is inconclusive where a service did not report it before the method", async () => {
    const run = await runOf(() => {}, { diagnostics: "/silent" });
    expect(await run.verdict()).toMatchObject({
      passed: false,
      inconclusive: "before the method nothing was reported by gateway",
    });
  });

  test("is not known of a service that does not report it any more", async () => {
    const run = await runOf(() => {});
    await kill();
    expect(await run.verdict()).toMatchObject({
      passed: false,
      observed: expect.stringContaining("gateway does not report its sockets"),
    });
  });
});

describe("a call", () => {
  const ended = {
    type: "call.ended" as const,
    callId: "one",
    sessionId: "s",
    turnId: "t",
    tool: "pay",
    backend: "payments",
    startedWallMs: 1,
    endedWallMs: 2,
    outcome: "ok" as const,
    attempts: 1,
    requestBytes: 1,
    replyBytes: 1,
    traceId: "",
    spanId: "",
  };

  const decided = {
    type: "call.decided" as const,
    ...{ rowId: "1", callId: "one", sessionId: "s", turnId: "t", backend: "payments", tool: "pay", arguments: {} },
    ...{ decision: "allow" as const, reason: "", durationMs: 0, decidedWallMs: 1, traceId: "", spanId: "ab" },
  };
  const onLink = {
    type: "wire.call" as const,
    ...{ call: "w1", link: "gateway->payments", http: "POST /mcp", method: "tools/call", tool: "pay" },
    ...{ startedWallMs: 1, outcome: "open" as const, requestBytes: 1, replyBytes: 0, faults: [] },
  };

  test.each([
    ["was recorded by its gateway", { ...decided, awaitsEnd: true as const }, "call one of pay has not ended"],
    ["was seen only on its link", onLink, "call of pay on gateway->payments has not ended"],
  ])("without an end is left open where it %s", async (_where, begun, observed) => {
    const { log, verdict } = await runOf(() => {}, { diagnostics: null });
    log.append(begun);
    expect(await verdict()).toMatchObject({ passed: false, observed });
  });

  test("that ends after the method is waited for, and a stream of a session is no call", async () => {
    const { log, verdict } = await runOf(() => {}, { diagnostics: null, limitMs: 10_000 });
    log.append({ ...decided, awaitsEnd: true });
    log.append(onLink);
    const { method: _method, tool: _tool, ...stream } = onLink;
    log.append({ ...stream, call: "w2", http: "GET /mcp" });
    const judged = verdict();
    log.append(ended);
    log.append({ ...onLink, endedWallMs: 2, outcome: "ok" });
    expect(await judged).toMatchObject({ passed: true });
  });

  test.each([
    ["leaves it unknown whether it has ended", "allow" as const, "it is not known whether call one of pay has ended"],
    ["has ended with that", "deny" as const, undefined],
  ])("of a gateway that records no ends %s: %s", async (_what, decision, inconclusive) => {
    const { log, verdict } = await runOf(() => {}, { diagnostics: null });
    log.append({ ...decided, decision });
    expect((await verdict()).inconclusive).toBe(inconclusive);
  });

  test("that may be missing from the log leaves it unknown whether all have ended", async () => {
    const { context, log, verdict } = await runOf(() => {}, { diagnostics: null });
    log.append(ended);
    const missing = [{ why: "the audit log cannot be read" }];
    context.decisions = { read: async () => false, missing: () => missing, close: async () => {} };
    expect(await verdict()).toMatchObject({ passed: false, inconclusive: "the audit log cannot be read" });
  });

  test("that has ended once is no remainder, one that has ended twice is", async () => {
    const { log, verdict } = await runOf(() => {}, { diagnostics: null });
    log.append(ended);
    expect((await verdict()).observed).toMatch(/^nothing: 1 call has ended once/);
    log.append(ended);
    expect(await verdict()).toMatchObject({ passed: false, observed: "call one of pay has ended 2 times" });
  });
});
