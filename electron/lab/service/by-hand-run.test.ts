import { join } from "node:path";
import Database from "better-sqlite3";
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { lastingFolder } from "../../testing/lasting-folder.ts";
import { bringUpSmallStack, LINK, type SmallStack } from "../../testing/small-stack.ts";
import { send } from "../../testing/through-link.ts";
import { systemClock } from "../clock.ts";
import type { LabEvent } from "../events/lab-event.ts";
import { ProxyWatch } from "../faults/proxy-watch.ts";
import { History } from "../history/history.ts";
import { thisProcess } from "../stack/process-identity.ts";
import { StrayErrors } from "../stray-errors.ts";
import { ByHandRun } from "./by-hand-run.ts";

const folder = lastingFolder();
const historyFile = join(folder, "history.db");
let stack: SmallStack;
let history: History;
beforeAll(async () => {
  stack = await bringUpSmallStack(folder);
  history = new History(historyFile, thisProcess);
});
afterAll(async () => {
  history.close();
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
  const beginning = ByHandRun.begin({
    stack: stack.running,
    history,
    journal: stack.faults,
    clock: systemClock,
    listen: (event) => events.push(event),
    strays,
    onUnrecorded: (error) => unrecorded.push(String(error)),
    keepRaw: false,
  });
  return { beginning, events, unrecorded };
}

test("an error that nothing has awaited ends it as an error, with everything restored", async () => {
  const { beginning, events } = await begin();
  const run = await beginning;
  await run.apply({ down: LINK } as never, never);
  await run.apply({ pause: "server" } as never, never);
  strays.report(new Error("boom"));
  await run.ended;
  expect(history.find(run.runId)).toMatchObject({ outcome: "error", reason: "boom" });
  expect(events.filter(({ type }) => type === "fault.undone")).toMatchObject([
    { result: "restored" },
    { result: "restored" },
  ]);
});

test("one that begins only by half is ended, and its error told", async () => {
  vi.spyOn(ProxyWatch, "start").mockRejectedValue(new Error("fault-proxy publishes no port"));
  const { beginning, events } = await begin();
  await expect(beginning).rejects.toThrow("fault-proxy publishes no port");
  expect(events.at(-1)).toMatchObject({ type: "run.ended", outcome: "error" });
  expect(history.find(events[0]?.runId ?? "")).toMatchObject({ outcome: "error" });
  stack.running.health.nudge("server");
  const heard = events.length;
  strays.report(new Error("of another's"));
  expect(events).toHaveLength(heard);
});

test("one whose end cannot be recorded ends all the same, and that is told", async () => {
  const { beginning, unrecorded } = await begin();
  const run = await beginning;
  await run.apply({ down: LINK } as never, never);
  history.flush();
  const database = new Database(historyFile);
  onTestFinished(() => void database.close());
  const full = "BEFORE INSERT ON events BEGIN SELECT raise(ABORT, 'database or disk is full'); END";
  database.exec(`CREATE TRIGGER full ${full}`);
  await run.close();
  database.exec("DROP TRIGGER full");
  expect(unrecorded).toEqual([expect.stringContaining("disk is full")]);
});
