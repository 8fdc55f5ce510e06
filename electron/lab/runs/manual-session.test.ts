import { join } from "node:path";
import Database from "better-sqlite3";
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import type { LabEvent } from "../../model/lab-event.ts";
import { lastingFolder } from "../../testing/lasting-folder.ts";
import { bringUpSmallStack, LINK, type SmallStack } from "../../testing/small-stack.ts";
import { send } from "../../testing/through-link.ts";
import { systemClock } from "../clock.ts";
import { ProxyWatch } from "../faults/proxy-watch.ts";
import { SqliteRunStore } from "../history/sqlite/sqlite-run-store.ts";
import { StrayErrors } from "../stray-errors.ts";
import { ManualSession } from "./manual-session.ts";

const folder = lastingFolder();
const historyFile = join(folder, "history.db");
let stack: SmallStack;
let history: SqliteRunStore;
beforeAll(async () => {
  stack = await bringUpSmallStack(folder);
  history = await SqliteRunStore.open(historyFile);
});
afterAll(async () => {
  await history.close();
  await stack.close();
});
afterEach(async () => {
  vi.restoreAllMocks();
  expect(stack.faults.open(stack.running.registered.id)).toEqual([]);
  expect((await send(stack.linkUrl)).status).toBe(200);
});

const never = new AbortController().signal;
const strays = new StrayErrors();

async function begin() {
  const events: LabEvent[] = [];
  const unrecorded: string[] = [];
  const beginning = ManualSession.begin({
    stack: stack.running,
    history,
    journal: stack.faults,
    clock: systemClock,
    listen: (event) => events.push(event),
    strays,
    onUnrecorded: (error) => unrecorded.push(String(error)),
    labVersion: "test",
    keepRaw: false,
  });
  return { beginning, events, unrecorded };
}

test("an error that nothing has awaited ends it as an error, with everything restored", async () => {
  const { beginning, events } = await begin();
  const run = await beginning;
  await run.apply({ down: LINK } as never, { down: LINK }, never);
  await run.apply({ pause: "server" } as never, { pause: "server" }, never);
  strays.report(new Error("boom"));
  await run.ended;
  expect(await history.find(run.runId)).toMatchObject({ outcome: "error", reason: expect.stringContaining("boom") });
  expect(events.filter(({ type }) => type === "fault.undone")).toMatchObject([
    { result: "restored" },
    { result: "restored" },
  ]);
});

test("a session that could only be started partly is ended with its error", async () => {
  vi.spyOn(ProxyWatch, "start").mockRejectedValue(new Error("fault-proxy publishes no port"));
  const { beginning, events } = await begin();
  await expect(beginning).rejects.toThrow("fault-proxy publishes no port");
  expect(events.at(-1)).toMatchObject({ type: "run.ended", outcome: "error" });
  expect(await history.find(events[0]?.runId ?? "")).toMatchObject({ outcome: "error" });
  stack.running.health.nudge("server");
  const received = events.length;
  strays.report(new Error("of another's"));
  expect(events).toHaveLength(received);
});

test("a request that cannot be recorded as a step is carried out: what is broken is undone", async () => {
  const { beginning, events } = await begin();
  const run = await beginning;
  await run.apply({ pause: "server" } as never, { pause: "server" }, never);
  const real = history.append.bind(history);
  const append = vi.spyOn(history, "append").mockImplementation((event) => {
    if (event.type.startsWith("step.")) throw new Error("the disk is full");
    return real(event);
  });
  onTestFinished(() => append.mockRestore());
  expect(await run.undo("all")).toEqual({ undone: 1, residue: [] });
  expect(events.filter(({ type }) => type === "fault.undone")).toMatchObject([{ result: "restored" }]);
  await run.ended;
});

test("a session whose end cannot be recorded still ends, and that is reported", async () => {
  const { beginning, unrecorded } = await begin();
  const run = await beginning;
  await run.apply({ down: LINK } as never, { down: LINK }, never);
  await history.flush();
  const database = new Database(historyFile);
  onTestFinished(() => void database.close());
  const full = "BEFORE INSERT ON events BEGIN SELECT raise(ABORT, 'database or disk is full'); END";
  database.exec(`CREATE TRIGGER full ${full}`);
  await run.close();
  database.exec("DROP TRIGGER full");
  expect(unrecorded).toEqual([expect.stringContaining("disk is full")]);
});

test("a toxic that someone else leaves on the stack meanwhile is residue, by its name", async () => {
  const { beginning } = await begin();
  const run = await beginning;
  await run.apply({ pause: "server" } as never, { pause: "server" }, never);
  const toxics = `${stack.proxyUrl}/proxies/${LINK}/toxics`;
  const toxic = { name: "theirs", type: "latency", attributes: { latency: 1 } };
  expect(await send(toxics, toxic)).toMatchObject({ status: 200 });
  await run.undo("all");
  await run.ended;
  await fetch(`${toxics}/theirs`, { method: "DELETE" });
  expect(await history.find(run.runId)).toMatchObject({
    outcome: "residue",
    reason: expect.stringContaining(`left on the stack: ${LINK} has a latency toxic, "theirs"`),
  });
});

test("existing damage is accepted, by its name, and is not residue at its end", async () => {
  await stack.running.driver.pause("server");
  const { beginning, events } = await begin();
  const run = await beginning;
  await run.apply({ pause: "caller" } as never, { pause: "caller" }, never);
  await run.undo("all");
  await run.ended;
  await stack.running.driver.resume("server");
  expect(events.flatMap((event) => (event.type === "warning" ? [event.message] : []))).toContain(
    "accepted as it was found: server is paused",
  );
  expect(await history.find(run.runId)).toMatchObject({ outcome: "passed" });
});

test("a halt by another process ends it as cancelled, with everything restored", async () => {
  const { beginning, events } = await begin();
  const run = await beginning;
  await run.apply({ pause: "server" } as never, { pause: "server" }, never);
  stack.faults.tryHalt(Date.now());
  onTestFinished(() => void stack.faults.arm());
  await run.ended;
  expect(await history.find(run.runId)).toMatchObject({ outcome: "cancelled", reason: "everything was halted" });
  expect(events.filter(({ type }) => type === "fault.undone")).toMatchObject([{ result: "restored" }]);
});

test("a fault that is requested while the session ends is refused, and never applied after the rollback", async () => {
  const { beginning } = await begin();
  const run = await beginning;
  await run.apply({ pause: "server" } as never, { pause: "server" }, never);
  const closing = run.close();
  const late = run.apply({ pause: "caller" } as never, { pause: "caller" }, never);
  await expect(Promise.allSettled([late, closing])).resolves.toHaveLength(2);
  await run.ended;
  expect(stack.faults.open(stack.running.registered.id)).toEqual([]);
});
