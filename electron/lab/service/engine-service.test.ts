import { renameSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, onTestFinished, test } from "vitest";
import { startEngineOnSmallStack } from "../../testing/engine-on-small-stack.ts";
import { GATEWAY_TOKEN, gatewayServer } from "../../testing/gateway-server.ts";
import { writeSmallStack } from "../../testing/small-stack.ts";
import { temporaryFolder } from "../../testing/temporary-folder.ts";
import { openQueueStore } from "../history/open-queue-store.ts";
import { openJournal } from "../journal/journal.ts";
import { Lab } from "../lab.ts";
import { ON_REFERENCE_STACK } from "../stacks/run-target.ts";
import { EngineService } from "./engine-service.ts";

let service: EngineService | undefined;
afterEach(async () => {
  service?.settings.change({ keepStackUp: false });
  await service?.stack.down().catch(() => {});
  await service?.close();
  service = undefined;
});

/** On the small stack: a server, its caller, and a link between them. */
async function startOn(home: string): Promise<EngineService> {
  service = await startEngineOnSmallStack(home);
  return service;
}

/** On the reference stack, for what needs its gateway. */
async function startOnReferenceStack(home: string): Promise<EngineService> {
  service = await EngineService.start({ ...process.env, RESILIENCE_LAB_HOME: home });
  service.settings.change({ ports: "auto" });
  return service;
}

const scenario = (engine: EngineService, id: string) => [engine.scenarios.find(id)];

/** A scenario of a test, on the small stack. */
function written(engine: EngineService, id: string, method: string) {
  const head = `id: ${id}\ntitle: One of a test\npatterns: []\nsteadyState: [{ service: server, is: up }]\n`;
  engine.scenarios.save(`${head}method: [${method}]\nexpect: [{ service: server, is: up }]\n`, { replace: false });
  return scenario(engine, id);
}

const BROKEN_FOR_LONG = "{ fault: { stop: caller } }, { wait: 10m }";
const HARMLESS = "{ probe: server, is: up }";

test("quitting undoes manual faults, and their run says so", async () => {
  const home = temporaryFolder();
  const engine = await startOn(home);
  engine.settings.change({ keepStackUp: true });
  await engine.stack.up();
  const { runId } = await engine.faults.apply({ kind: "stop", target: "server" });
  const broken = await engine.stack.status();
  expect(broken.services.find(({ name }) => name === "server")).toMatchObject({
    state: "stopped",
    faults: [{ kind: "stop", isManual: true, runId }],
  });
  await engine.close();

  const again = await startOn(home);
  const { state, services } = await again.stack.status();
  expect(state).toBe("up");
  expect(services.find(({ name }) => name === "server")).toMatchObject({ state: "running", faults: [] });
  expect(await again.history.get(runId)).toMatchObject({ scenarioId: "by-hand", outcome: "passed" });
});

test("a halt opens links before anything else, whatever was broken last", async () => {
  const engine = await startOn(temporaryFolder());
  await engine.stack.up();
  const { runId } = await engine.faults.apply({ kind: "down", target: "caller->server" });
  await engine.faults.apply({ kind: "kill", target: "caller" });
  expect(await engine.faults.halt()).toEqual({ undone: 2, residue: [] });
  await expect.poll(async () => (await engine.history.get(runId)).outcome).toBe("cancelled");
  expect((await engine.history.get(runId)).reason).toBe("everything was halted");
  const { events } = await engine.history.eventPage({ runId, afterSeq: 0, limit: 1_000 });
  const undone = events.filter((event) => event.type === "fault.undone");
  // Its own run, which undoes what was broken last first, came too late for the link.
  expect(undone.map(({ detail }) => detail)).toEqual([
    "caller is running and up",
    "down caller->server was undone in mid-run, by a halt or by the watchdog",
  ]);
});

test("a halt restores everything also when the disk is full, and says that it does not last", async () => {
  const home = temporaryFolder();
  const engine = await startOn(home);
  await engine.stack.up();
  await engine.faults.apply({ kind: "pause", target: "server" });
  const journal = openJournal(join(home, "journal.db"));
  onTestFinished(() => journal.close());
  const full = "BEFORE INSERT ON halt BEGIN SELECT raise(ABORT, 'database or disk is full'); END";
  journal.database.exec(`CREATE TRIGGER full ${full}`);
  const { undone, residue } = await engine.faults.halt();
  expect(undone).toBe(1);
  expect(residue).toEqual([expect.stringMatching(/^faults can still be applied, .*disk is full$/)]);
});

test("what a run has broken is left to it: undoing everything says so, and halting restores it", async () => {
  const engine = await startOn(temporaryFolder());
  await engine.runs.start(written(engine, "broken", BROKEN_FOR_LONG), [], 1);
  await expect.poll(() => engine.stack.faults().length).toBe(1);
  await expect(engine.faults.undo("all")).rejects.toMatchObject({
    code: "busy",
    message: expect.stringContaining("every fault in force belongs to the run that is on"),
  });
  expect(await engine.faults.halt()).toEqual({ undone: 1, residue: [] });
  expect(await engine.faults.undo("all")).toEqual({ undone: 0, residue: [] });
});

test("a run that is started while a manual fault is in force waits for its undo, and says so to whoever asks", async () => {
  const engine = await startOn(temporaryFolder());
  await engine.stack.up();
  await engine.faults.apply({ kind: "pause", target: "server" });
  const [entry] = await engine.runs.start(written(engine, "broken", BROKEN_FOR_LONG), [], 1);
  const waits = { why: "a fault is in force on server", next: "Undo it" };
  expect(engine.runs.state()).toMatchObject({ pause: waits, active: [{ state: "queued" }] });
  await expect.poll(async () => (await engine.queue.list(10)).runs).toMatchObject([{ state: "queued", waits }]);
  expect(await engine.faults.undo("all")).toMatchObject({ undone: 1, residue: [] });
  await expect.poll(() => engine.runs.state()).toMatchObject({ pause: null, active: [{ state: "running" }] });
  await engine.runs.cancel(entry?.entryId ?? "");
  await expect.poll(() => engine.runs.isBusy).toBe(false);
});

test("quitting in mid-run restores everything and leaves nothing running; what was queued waits until it is continued", async () => {
  const home = temporaryFolder();
  const engine = await startOn(home);
  const [first, second] = await engine.runs.start(written(engine, "broken", BROKEN_FOR_LONG), [], 2);
  await expect.poll(() => engine.stack.faults().length).toBe(1);
  expect(engine.endingText).toBe(
    "Every fault is undone first. 2 runs wait until the lab is opened again and you continue.",
  );
  await engine.close();

  const again = await startOn(home);
  expect(again.notices.list()).toEqual([]);
  expect((await again.stack.status()).state).toBe("down");
  await expect.poll(() => again.runs.state().left).toBe(2);
  const { runs } = await again.history.list({});
  expect(runs.map(({ outcome }) => outcome)).toEqual(["cancelled"]);

  await again.runs.continueLeft();
  await expect.poll(() => again.stack.faults().length).toBe(1);
  const { active, left } = again.runs.state();
  expect(active.map(({ entryId, state }) => [entryId, state])).toEqual([
    [first?.entryId, "running"],
    [second?.entryId, "queued"],
  ]);
  expect(left).toBe(0);
  await again.runs.cancel("all");
  await expect.poll(() => again.runs.isBusy).toBe(false);
  const queue = await again.runs.queue();
  const attempts = () => queue.attempts(first?.entryId ?? "");
  await expect.poll(async () => (await attempts()).map(({ ending }) => ending)).toEqual(["released", "cancelled"]);
  // Each attempt is a run of its own in the history.
  expect(new Set((await attempts()).flatMap(({ historyRuns }) => historyRuns)).size).toBe(2);
  expect(await queue.get(second?.entryId ?? "")).toMatchObject({ attempt: 0, reason: "cancelled before it started" });
});

test("a run on a stack that a person attached has one attempt: quitting ends it as interrupted", async () => {
  const home = temporaryFolder();
  const gateway = await gatewayServer();
  onTestFinished(() => gateway.close());
  const engine = await EngineService.start({ ...process.env, RESILIENCE_LAB_HOME: home, GATEWAY_TOKEN });
  service = engine;
  engine.settings.change({ ports: "auto" });
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of the environment as a person writes it
  await engine.stack.use({ is: "gateway", url: gateway.url, headers: { Authorization: "Bearer ${GATEWAY_TOKEN}" } });
  const up = "[{ service: gateway, is: up }]";
  const method = "[{ fault: { latency: client->gateway, by: 1ms } }, { wait: 10m }]";
  const source = `id: slow\ntitle: Slow\npatterns: []\nsteadyState: ${up}\nmethod: ${method}\nexpect: ${up}\n`;
  engine.scenarios.save(source, { replace: false });
  const [entry] = await engine.runs.start(scenario(engine, "slow"), [], 1);
  await expect.poll(() => engine.stack.faults().length).toBe(1);
  expect(engine.endingText).toContain("The run in progress ends as interrupted, since its stack was attached.");
  await engine.close();
  service = undefined;
  const queue = await openQueueStore({ kind: "sqlite", file: join(home, "history.db") });
  onTestFinished(() => queue.close());
  expect(await queue.get(entry?.entryId ?? "")).toMatchObject({ state: "ended", outcome: "interrupted", attempt: 1 });
});

test("an error that nothing has awaited ends the run that is on as an error, restored; the next is run, and it is said", async () => {
  const engine = await startOn(temporaryFolder());
  await engine.runs.start(written(engine, "broken", BROKEN_FOR_LONG), [], 1);
  await engine.runs.start(written(engine, "next", HARMLESS), [], 1);
  await expect.poll(() => engine.stack.faults().length).toBe(1);
  engine.takeStray(new Error("boom"));
  await expect.poll(() => engine.runs.isBusy).toBe(false);
  const ended = engine.runs.state().ended.map(({ scenarioId, outcome, reason }) => [scenarioId, outcome, reason]);
  expect(ended).toEqual([
    ["next", "passed", expect.any(String)],
    ["broken", "error", "the lab itself failed, unexpectedly: boom"],
  ]);
  expect(engine.stack.faults()).toEqual([]);
  expect(engine.notices.list()).toEqual(["something in the lab failed unexpectedly: boom"]);
});

test("a call that waits is approved through the message's own button, and shown with its run and the time it has", async () => {
  const engine = await startOnReferenceStack(temporaryFolder());
  const held = `
id: held
title: A refund waits
patterns: []
steadyState: [{ service: gateway, is: up }]
method: [{ agent: "List my recent charges, then refund the first non-refunded charge in full, reason requested_by_customer." }]
expect: [{ policyOutcome: approved }]
`;
  engine.scenarios.save(held, { replace: false });
  await engine.runs.start(scenario(engine, "held"), [], 1);
  const decidable = () => engine.approvals.waiting().waiting.filter(({ blockedBecause }) => blockedBecause === null);
  await expect.poll(() => decidable().length).toBe(1);
  const [waiting] = decidable();
  expect(waiting).toMatchObject({ tool: "create_refund" });
  expect(waiting?.expiresWallMs).toBeGreaterThan(waiting?.requestedWallMs ?? 0);
  await expect.poll(() => decidable()[0]?.runId).toBe(engine.runs.runningRunId);
  await engine.approvals.decide(waiting?.ticket ?? "", "approve", "ana");
  await expect.poll(() => engine.runs.state().ended.length).toBe(1);
  expect(engine.runs.state().ended[0]).toMatchObject({ outcome: "passed" });
  expect((await engine.history.approvals(10, Number.MAX_SAFE_INTEGER)).decided[0]).toMatchObject({
    result: "approved",
  });
  const late = engine.approvals.decide(waiting?.ticket ?? "", "deny", "bob");
  await expect(late).rejects.toThrow("already approved by ana");
});

test("protections are off for the runs that asked for it, and on again after", async () => {
  const engine = await startOnReferenceStack(temporaryFolder());
  await engine.runs.start(scenario(engine, "mcp-crash"), ["capability-cache"], 1);
  await expect.poll(() => engine.runs.isBusy).toBe(false);
  const [entry] = engine.runs.state().ended;
  expect(entry).toMatchObject({ outcome: "failed", without: ["capability-cache"] });
  expect((await engine.stack.status()).protections.off).toEqual([]);
  const { loaded, without } = await engine.scenarios.ofRun(entry?.runId ?? "");
  expect([loaded.scenario.id, without]).toEqual(["mcp-crash", ["capability-cache"]]);
});

test("damage made outside the lab is reported with its next step; no run starts on it, and undoing all restores it", async () => {
  const engine = await startOn(temporaryFolder());
  await engine.stack.up();
  const { driver } = engine.stack.running ?? {};
  await driver?.pause("server");
  const what = "server is paused";
  await expect.poll(async () => (await engine.stack.status()).damage).toEqual([{ target: "server", what }]);
  await engine.runs.start(written(engine, "harmless", HARMLESS), [], 1);
  await expect.poll(() => engine.runs.isBusy).toBe(false);
  const [entry] = engine.runs.state().ended;
  expect(entry).toMatchObject({
    outcome: "precondition",
    reason: expect.stringContaining(`before this run: ${what}; `),
  });
  expect(entry?.reason).toContain("Undo all");
  expect(await engine.faults.undo("all")).toEqual({ undone: 1, residue: [] });
  expect((await driver?.stateOf("server"))?.is).toBe("running");
  await expect.poll(async () => (await engine.stack.status()).damage).toEqual([]);
});

test("a manual fault that someone else ends is no longer in force, and its run says since when", async () => {
  const engine = await startOn(temporaryFolder());
  await engine.stack.up();
  const { runId } = await engine.faults.apply({ kind: "stop", target: "server" });
  await engine.stack.running?.driver.start("server");
  await expect.poll(async () => (await engine.history.get(runId)).outcome).toBe("failed");
  expect((await engine.history.get(runId)).reason).toMatch(/stop server ended before its time, .* into the run/);
  expect((await engine.stack.status()).services.flatMap(({ faults }) => faults)).toEqual([]);
});

test("what the driver cannot do is not offered, and refused when it is asked for", async () => {
  const engine = await startOn(temporaryFolder());
  await engine.stack.up();
  expect((await engine.stack.status()).faultKinds.map(({ kind }) => kind)).not.toContain("disconnect");
  await expect(engine.faults.apply({ kind: "disconnect", target: "server" })).rejects.toMatchObject({
    message: 'there is no fault called "disconnect" here',
  });
  expect(engine.faults.runId).toBeNull();
});

/** A data folder in which the small stack was left up. */
async function leftUpFromAnotherFile(folder = temporaryFolder()): Promise<string> {
  const home = temporaryFolder();
  const { signal } = new AbortController();
  const lab = await Lab.open({ ...process.env, RESILIENCE_LAB_HOME: home });
  const file = writeSmallStack(folder);
  const source = { is: "compose file", file } as const;
  const target = await lab.resolve({ ...ON_REFERENCE_STACK, source, ports: "auto", keep: true });
  await lab.work("bringing a stack up", signal, (session) => session.stacks.use(target, { signal }, async () => {}));
  await lab.close();

  return home;
}

test("a stack that was left up from another file is taken over, and brought up again as itself", async () => {
  const engine = await startOn(await leftUpFromAnotherFile());
  expect(await engine.stack.status()).toMatchObject({ state: "up", project: "small", driver: "process", kept: true });
  await engine.stack.down();
  expect(await engine.stack.status()).toMatchObject({ state: "down", project: "small" });
  await engine.stack.up();
  const { state, services } = await engine.stack.status();
  expect([state, services.map(({ name }) => name).sort()]).toEqual(["up", ["caller", "fault-proxy", "server"]]);
});

test("a run of another stack is not repeated on the lab's own, which is not brought up for it", async () => {
  const home = await leftUpFromAnotherFile();
  const small = `id: on-small
title: A small one
patterns: []
steadyState: [{ service: server, is: up }]
method: [{ http: server, path: / }]
expect: [{ service: server, is: up }]
`;
  const engine = await startOn(home);
  engine.scenarios.save(small, { replace: false });
  await engine.runs.start(scenario(engine, "on-small"), [], 1);
  await expect.poll(() => engine.runs.isBusy).toBe(false);
  const [entry] = engine.runs.state().ended;
  const runId = entry?.runId ?? "";
  expect(entry?.outcome, entry?.reason ?? "").toBe("passed");
  expect((await engine.scenarios.ofRun(runId)).loaded.scenario.id).toBe("on-small");
  engine.settings.change({ keepStackUp: false });
  await engine.stack.down();
  await engine.close();

  const again = await startOnReferenceStack(home);
  await expect(again.scenarios.ofRun(runId)).rejects.toMatchObject({
    code: "precondition",
    message: expect.stringMatching(
      /^the run was on the stack small, with the services .*server.*this window's stack is/,
    ),
    hint: expect.stringContaining("on the Stacks page"),
  });
  // The scenario itself, started from its card.
  await again.runs.start(scenario(again, "on-small"), [], 1);
  await expect.poll(() => again.runs.isBusy).toBe(false);
  expect(again.runs.state().ended[0]).toMatchObject({
    runId: null,
    outcome: "error",
    reason: expect.stringMatching(/for another stack than .*no service called "server"/),
  });
  expect((await again.stack.status()).state).toBe("down");
});

test("a stack that was left up and whose file is gone does not keep the window from starting, which says what to do", async () => {
  const folder = temporaryFolder();
  const home = await leftUpFromAnotherFile(folder);
  const [file, elsewhere] = [join(folder, "stack.yaml"), join(folder, "moved.yaml")];
  renameSync(file, elsewhere);
  const engine = await startOn(home);
  expect(engine.notices.list()).toEqual([
    expect.stringMatching(/was left up .*stack down`: .*stack\.yaml cannot be read/),
  ]);
  await expect(engine.stack.up()).rejects.toMatchObject({
    code: "busy",
    windowHint: expect.stringMatching(/^quit the lab, .*`resilience-lab stack down`/),
  });
  await engine.close();
  renameSync(elsewhere, file);
  expect(await (await startOn(home)).stack.status()).toMatchObject({ state: "up", project: "small" });
});
