import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { lastingFolder } from "../../testing/lasting-folder.ts";
import { bringUpSmallStack, LINK, type SmallStack } from "../../testing/small-stack.ts";
import { send } from "../../testing/through-link.ts";
import { FaultJournal } from "../journal/fault-journal.ts";
import { type UndoOrder, undoOpenFaults } from "./undo-open-faults.ts";

const folder = lastingFolder();
let stack: SmallStack;
beforeAll(async () => {
  stack = await bringUpSmallStack(folder);
});
afterAll(() => stack.close());

const BESIDE: UndoOrder = "links first, then all at once";
const never = new AbortController().signal;
const undoAll = (order: UndoOrder, faults = stack.faults) =>
  undoOpenFaults(stack.running.registered, { ...stack.undoParts, faults }, order, AbortSignal.timeout(20_000));
const openFaults = () => stack.faults.open(stack.running.registered.id);
const isWhole = async () => {
  const states = await Promise.all(
    ["server", "caller", "fault-proxy"].map((name) => stack.running.driver.stateOf(name)),
  );
  return states.every(({ is }) => is === "running") && (await send(stack.linkUrl)).status === 200;
};
afterEach(async () => {
  await undoAll("latest first");
  expect(await isWhole()).toBe(true);
});

/** Applies faults as a lab does that then dies or hangs, and so does not undo them. */
async function breakAll(...specs: Record<string, string | number>[]): Promise<void> {
  const { injector } = stack.injector();
  for (const spec of specs) await injector.apply(spec as never, never);
}

describe.each<UndoOrder>(["latest first", BESIDE])("restoring a stack from its journal alone, %s", (order) => {
  test("restores services and links", async () => {
    await breakAll({ pause: "server" }, { kill: "caller" }, { http_status: LINK, status: 503 }, { down: LINK });
    const undone = await undoAll(order);
    expect(undone.map(({ result }) => result)).toEqual(["restored", "restored", "restored", "restored"]);
    expect(await isWhole()).toBe(true);
    expect(openFaults()).toEqual([]);
  });

  test("a second time finds nothing to do", async () => {
    await breakAll({ pause: "server" }, { down: LINK });
    await undoAll(order);
    expect(await undoAll(order)).toEqual([]);
  });

  test("restores the links of a proxy that was itself frozen", async () => {
    await breakAll({ latency: LINK, by: 60_000 }, { pause: "fault-proxy" });
    expect((await undoAll(order)).map(({ result }) => result)).toEqual(["restored", "restored"]);
    expect(await isWhole()).toBe(true);
    expect(openFaults()).toEqual([]);
  });

  test("restores the links of a proxy that has died meanwhile: a new one starts without toxics", async () => {
    await breakAll({ down: LINK });
    await stack.running.driver.kill("fault-proxy");
    expect(await undoAll(order)).toMatchObject([
      { result: "restored", detail: expect.stringMatching(/was started again/) },
    ]);
    expect(await isWhole()).toBe(true);
  });

  test("restores a service that depends on another, also when its undo starts before that one is up", async () => {
    await breakAll({ stop: "server" }, { kill: "caller" });
    stack.needing("caller", "server");
    const undone = await undoAll(order);
    expect(undone.map(({ fault, result }) => `${fault.target}: ${result}`).sort()).toEqual([
      "caller: restored",
      "server: restored",
    ]);
    expect(await isWhole()).toBe(true);
    expect(openFaults()).toEqual([]);
  });

  test("continues with the next fault when the journal cannot be written, and leaves it open for the next start", async () => {
    class Full extends FaultJournal {
      override close(): void {
        throw new Error("database or disk is full");
      }
    }
    await breakAll({ pause: "server" }, { kill: "caller" });
    const undone = await undoAll(order, new Full(stack.journal));
    expect(undone).toMatchObject([
      { result: "restored", detail: expect.stringMatching(/disk is full/) },
      { result: "restored", detail: expect.stringMatching(/disk is full/) },
    ]);
    expect(openFaults()).toHaveLength(2);
  });
});

// Only Linux shows a process's state without a wait, in which the undo would go on.
test.runIf(process.platform === "linux")(
  "a halt restores every link before it touches a service, whatever was broken first",
  async () => {
    const { register, running, journal } = stack;
    const server = register.processes(running.registered.id).find(({ service }) => service === "server");
    const isPaused = () => /\) T /.test(readFileSync(`/proc/${server?.identity?.pid}/stat`, "utf8"));
    /** What was restored, in order, and whether the server was paused then. */
    const seen: { kind: string; isPaused: boolean }[] = [];
    class Noting extends FaultJournal {
      override close(...[id, result]: Parameters<FaultJournal["close"]>): void {
        const kind = openFaults().find((fault) => fault.id === id)?.kind ?? "unknown";
        seen.push({ kind, isPaused: isPaused() });
        super.close(id, result);
      }
    }
    await breakAll({ http_status: LINK, status: 503 }, { down: LINK }, { pause: "server" }, { kill: "caller" });
    await undoAll(BESIDE, new Noting(journal));
    const first = seen.slice(0, 2).sort((one, other) => one.kind.localeCompare(other.kind));
    expect(first).toEqual([
      { kind: "down", isPaused: true },
      { kind: "http_status", isPaused: true },
    ]);
    const later = seen.slice(2).map(({ kind }) => kind);
    expect(later.sort()).toEqual(["kill", "pause"]);
  },
);

test("a halt does not wait for a frozen proxy before it restores services; the links follow as soon as the proxy answers", async () => {
  const asked: string[] = [];
  const isRunning = async () => (await stack.running.driver.stateOf("server")).is === "running";
  const frozen = createServer(async ({ method, url }, response) => {
    asked.push(`${method} ${url}`);
    while (!(await isRunning())) await new Promise((resolve) => setTimeout(resolve, 10));
    const isProxy = url?.endsWith("toxics/broken") === false;
    response.writeHead(isProxy ? 200 : 404).end(JSON.stringify(isProxy ? { name: LINK, enabled: true } : {}));
  });
  onTestFinished(() => void frozen.close());
  await once(frozen.listen(0, "127.0.0.1"), "listening");
  const { port } = frozen.address() as AddressInfo;
  await breakAll({ pause: "server" });
  stack.faults.intend({
    id: "broken",
    runId: "run",
    stackId: stack.running.registered.id,
    kind: "latency",
    target: LINK,
    identity: { kind: "link", api: `http://127.0.0.1:${port}`, service: "fault-proxy" },
    undo: "take it off",
    intendedWallMs: 0,
    expiresWallMs: 0,
  });
  stack.faults.applied("broken");
  expect((await undoAll(BESIDE)).map(({ result }) => result)).toEqual(["restored", "restored"]);
  expect(new Set(asked).size, "each asked once: no request was given up").toBe(asked.length - 1);
  expect(openFaults()).toEqual([]);
});

describe("a fault that is only intended", () => {
  /** As a lab leaves it between journaling a fault and applying it. */
  async function intendOnly(): Promise<void> {
    const state = await stack.running.driver.stateOf("server");
    if (state.is !== "running") throw new Error("the server should run");
    stack.faults.intend({
      id: randomUUID(),
      runId: "run",
      stackId: stack.running.registered.id,
      kind: "pause",
      target: "server",
      identity: state.identity,
      undo: "resume",
      intendedWallMs: 0,
      expiresWallMs: 0,
    });
  }

  test("stays open beside a living lab, which may apply it right after: it must then be undone again", async () => {
    await intendOnly();
    expect(await undoAll(BESIDE)).toMatchObject([{ result: "restored" }]);
    expect(openFaults()).toHaveLength(1);
    await stack.running.driver.pause("server");
    expect(await undoAll(BESIDE)).toMatchObject([{ result: "restored" }]);
    expect(await isWhole()).toBe(true);
  });

  test("is closed once its lab is dead", async () => {
    await intendOnly();
    expect(await undoAll("latest first")).toMatchObject([{ result: "restored" }]);
    expect(openFaults()).toEqual([]);
  });
});

test("two concurrent undos do not disturb each other", async () => {
  await breakAll({ kill: "server" }, { kill: "caller" }, { down: LINK });
  const both = await Promise.all([undoAll(BESIDE), undoAll("latest first")]);
  expect(both.flat().filter(({ result }) => result === "not restored")).toEqual([]);
  expect(await isWhole()).toBe(true);
});

test("what cannot be restored now stays open, and is tried again", async () => {
  await breakAll({ kill: "server" });
  const { register, running } = stack;
  const id = running.registered.id;
  const launch = register.processes(id).find(({ service }) => service === "server")?.launch;
  if (launch === undefined) throw new Error("there should be one");
  register.setProcess(id, "server", { ...launch, command: ["no-such-program"] }, undefined);
  expect(await undoAll("latest first")).toMatchObject([
    { result: "not restored", detail: expect.stringMatching(/no-such-program/) },
  ]);
  expect(openFaults()).toHaveLength(1);
  register.setProcess(id, "server", launch, undefined);
  expect(await undoAll("latest first")).toMatchObject([{ result: "restored" }]);
});
