import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import type { LabEvent } from "../../model/lab-event.ts";
import { RunModel } from "../../model/run-model.ts";
import { onSmallLab } from "../../testing/small-lab.ts";
import { LINK, type SmallStack } from "../../testing/small-stack.ts";
import { eventsIn } from "../../testing/stored-events.ts";
import { send } from "../../testing/through-link.ts";
import type * as abortScope from "../abort-scope.ts";
import { type Clock, systemClock } from "../clock.ts";
import { FaultInjector } from "../faults/injector.ts";
import { ProxyWatch } from "../faults/proxy-watch.ts";
import type { SqliteRunStore } from "../history/sqlite/sqlite-run-store.ts";
import { loadText } from "../scenarios/load.ts";
import { StrayErrors } from "../stray-errors.ts";
import { runScenario } from "./runner.ts";

/** Shortens waits for what never happens. */
const patience = vi.hoisted(() => ({ ofMs: 20_000, longestMs: Number.POSITIVE_INFINITY }));
vi.mock("../abort-scope.ts", async (original) => {
  const real = await original<typeof abortScope>();
  const within: typeof real.within = (signal, ms, work) =>
    real.within(signal, ms > patience.ofMs ? ms : Math.min(ms, patience.longestMs), work);
  return { ...real, within };
});
function shortenLimits(): void {
  patience.longestMs = 1_500;
  onTestFinished(() => {
    patience.longestMs = Number.POSITIVE_INFINITY;
  });
}

let stack: SmallStack;
let history: SqliteRunStore;
onSmallLab((lab) => {
  ({ stack, history } = lab);
});
afterEach(async () => {
  stack.faults.arm();
  expect(stack.faults.open(stack.running.registered.id)).toEqual([]);
  expect((await send(stack.linkUrl)).status).toBe(200);
});

const strays = new StrayErrors();
const STEADY = [{ service: "server", is: "up" }];
const driver = () => stack.running.driver;

interface RunSpec {
  steadyState?: object[];
  method: object[];
  expect?: object[];
  clock?: Clock;
  /** Called with each event; can cancel the run. */
  listen?: (event: LabEvent, cancel: () => void) => void;
}

async function run({ steadyState = STEADY, method, expect: checks, clock = systemClock, listen }: RunSpec) {
  const scenario = { id: "x", title: "x", patterns: [], steadyState, method, expect: checks ?? [{ within: "5m" }] };
  const [loaded] = loadText(JSON.stringify(scenario), "x.yaml");
  if (loaded === undefined) throw new Error("there should be one");
  const parts = { stack: stack.running, history, journal: stack.faults, clock, labVersion: "0.0.0", strays };
  const cancel = new AbortController();
  const events: LabEvent[] = [];
  const result = await runScenario(loaded, parts, cancel.signal, (event) => {
    events.push(event);
    listen?.(event, () => cancel.abort());
  });
  const view = RunModel.of(events);
  return { ...result, events, view, warnings: view.warnings.map(({ event }) => event.code) };
}

describe("a run", () => {
  test("breaks, checks, restores, and passes; its log is complete in the history", async () => {
    const { outcome, events, view, runId } = await run({
      method: [
        { fault: { pause: "server" } },
        { wait: { service: "server", is: "down" } },
        { undo: "server" },
        { fault: { down: LINK } },
      ],
      expect: [{ service: "server", is: "up" }],
    });
    expect(outcome).toBe("passed");
    expect(view.started?.links).toEqual([LINK]);
    expect(view.phases.map(({ name }) => name)).toEqual([
      "prepare",
      "steady state",
      "method",
      "checks",
      "rollback",
      "steady state after",
    ]);
    expect(view.faults.map(({ status }) => status)).toEqual(["restored", "restored"]);
    expect(events.at(-1)).toMatchObject({ type: "run.ended", outcome: "passed" });
    const recorded = await eventsIn(history, runId);
    expect(recorded.map(({ seq, type }) => [seq, type])).toEqual(events.map(({ seq, type }) => [seq, type]));
  });

  test("that fails a check still restores everything, and reports what was expected and observed", async () => {
    const failing = { http: "server", path: "/", json: { served: "never" } };
    const { outcome, reason } = await run({ method: [{ fault: { down: LINK } }], expect: [failing] });
    expect(outcome).toBe("failed");
    expect(reason).toMatch(/expected \{"served":"never"\}; observed \{"served":\d+\}/);
  });

  test("breaks nothing when the steady state is not met before, and reports what is missing", async () => {
    shortenLimits();
    const { outcome, reason, view } = await run({
      steadyState: [{ service: "server", is: "degraded" }],
      method: [{ fault: { pause: "server" } }],
    });
    expect(outcome).toBe("precondition");
    expect(reason).toMatch("before anything was broken, server is up");
    expect(view.faults).toEqual([]);
  });

  test.each([
    [[{ fault: { down: LINK } }, { fault: { stop: "nobody" } }], 'no service called "nobody"'],
    [[{ fault: { down: LINK } }, { agent: "Hello" }], "needs a service whose x-lab role is agent"],
    [[{ fault: { down: LINK } }, { probe: "nobody" }], 'no service called "nobody"'],
  ])("breaks nothing when a later step names what the stack does not have: %j", async (method, message) => {
    const { outcome, reason, view } = await run({ method });
    expect([outcome, view.faults]).toEqual(["precondition", []]);
    expect(reason).toMatch(message);
  });

  test("that is cancelled undoes what the current step has broken, also when that was late", async () => {
    const { outcome, view } = await run({
      method: [{ fault: { stop: "server" } }, { wait: "5m" }],
      listen: (event, cancel) => event.type === "fault.intended" && cancel(),
    });
    expect(outcome).toBe("cancelled");
    expect(view.steps).toMatchObject([{ status: "cancelled" }]);
    expect(view.faults).toMatchObject([{ status: "restored" }]);
  });

  test("that is halted ends as cancelled, and the next cannot start until faults are allowed again", async () => {
    const { outcome, reason, view } = await run({
      method: [{ fault: { pause: "server" } }, { wait: "5m" }],
      listen: (event) => event.type === "fault.applied" && stack.faults.halt(Date.now()),
    });
    expect([outcome, reason]).toEqual(["cancelled", "everything was halted"]);
    expect(view.faults).toMatchObject([{ status: "restored" }]);
    await expect(run({ method: [{ wait: "1ms" }] })).rejects.toMatchObject({ code: "precondition" });
    stack.faults.arm();
    expect(await run({ method: [{ wait: "1ms" }] })).toMatchObject({ outcome: "passed" });
  });

  test("whose background step fails does not wait for the rest of the method", async () => {
    const { outcome, reason, view } = await run({
      method: [{ http: "server", path: "/", status: 404, background: true }, { wait: "5m" }],
    });
    expect(outcome).toBe("failed");
    expect(reason).toMatch("answered 200, expected 404");
    expect(view.steps.map(({ status }) => status).sort()).toEqual(["cancelled", "failed"]);
  });
});

describe("a steady state that must hold throughout", () => {
  const steadyState = [{ service: "server", is: "up", throughout: true }];

  test("stops the method as soon as it breaks, and the run fails", async () => {
    const { outcome, reason, view } = await run({
      steadyState,
      method: [{ fault: { pause: "server" } }, { wait: "5m" }],
    });
    expect(outcome).toBe("failed");
    expect(reason).toMatch(/^server is down \(.*\) in mid-run, expected up throughout$/);
    expect(view.steps.at(-1)).toMatchObject({ status: "cancelled", attributes: { kind: "wait" } });
  });

  test("stops it also when someone else has broken it", async () => {
    shortenLimits();
    const { outcome, reason } = await run({
      steadyState,
      method: [{ wait: "5m" }],
      listen: (event) => event.type === "step.started" && void driver().kill("server"),
    });
    await stack.running.startAndWait("server", AbortSignal.timeout(20_000));
    // The lab only starts what it has stopped.
    expect(outcome).toBe("residue");
    expect(reason).toMatch(/ in mid-run, expected up throughout; and left on the stack: server is stopped; /);
  });

  test("does not stop a method that does not affect it", async () => {
    expect(await run({ steadyState, method: [{ fault: { pause: "caller" } }, { wait: "1ms" }] })).toMatchObject({
      outcome: "passed",
    });
  });
});

describe("what is left broken", () => {
  test("keeps the run from passing, and stays open for the next start", async () => {
    const { register, running } = stack;
    const id = running.registered.id;
    const launch = register.processes(id).find(({ service }) => service === "caller")?.launch;
    if (launch === undefined) throw new Error("there should be one");
    const { outcome, reason } = await run({
      method: [{ fault: { kill: "caller" } }],
      listen: (event) => {
        if (event.type !== "fault.applied") return;
        register.setProcess(id, "caller", { ...launch, command: ["no-such-program"] }, undefined);
      },
    });
    expect(outcome).toBe("residue");
    expect(reason).toMatch(/^not restored: caller: .*no-such-program/);
    expect(stack.faults.open(id)).toMatchObject([{ target: "caller", kind: "kill" }]);
    register.setProcess(id, "caller", launch, undefined);
    await running.startAndWait("caller", AbortSignal.timeout(20_000));
    for (const fault of stack.faults.open(id)) stack.faults.close(fault.id, "restored");
  });

  test("by someone else keeps the run from passing", async () => {
    shortenLimits();
    const { outcome, reason } = await run({
      method: [{ wait: "1ms" }],
      listen: (event) => event.type === "check.evaluated" && void driver().pause("server"),
    });
    await driver().resume("server");
    expect([outcome, reason]).toEqual(["residue", expect.stringContaining("left on the stack: server is paused")]);
  });
});

describe("a run with a failure around it", () => {
  afterEach(() => void vi.restoreAllMocks());
  const failing = (message: string) => () => {
    throw new Error(message);
  };

  test.each([
    ["what services print cannot be followed", () => vi.spyOn(stack.running, "followLogs"), "ENOSPC: no watch is left"],
    ["the fault proxy has no port", () => vi.spyOn(ProxyWatch, "start"), "fault-proxy publishes no port"],
    ["the scenario cannot be described", () => vi.spyOn(FaultInjector.prototype, "apply"), "no such driver"],
  ])("ends, and is on disk as ended, when %s", async (_what, mock, message) => {
    mock().mockImplementation(failing(message));
    const { runId, outcome, reason, events } = await run({ method: [{ fault: { pause: "server" } }] });
    expect(outcome).not.toBe("passed");
    expect(reason).toContain(message);
    expect(await history.find(runId)).toMatchObject({ outcome, reason });
    expect(events.at(-1)).toMatchObject({ type: "run.ended" });
  });

  test("can be cancelled while a watcher does not start, and a watcher that starts later is ended", async () => {
    const started = Promise.withResolvers<ProxyWatch>();
    const close = vi.fn(async () => {});
    vi.spyOn(ProxyWatch, "start").mockReturnValue(started.promise);
    const { outcome } = await run({
      method: [{ fault: { pause: "server" } }],
      listen: (event, cancel) => event.type === "run.started" && setImmediate(cancel),
    });
    expect(outcome).toBe("cancelled");
    started.resolve({ close, read: async () => true } as unknown as ProxyWatch);
    await expect.poll(() => close.mock.calls.length).toBe(1);
  });

  test("ends with residue when the rollback fails, and reports what is still in force", async () => {
    vi.spyOn(FaultInjector.prototype, "undo").mockRejectedValueOnce(new Error("the driver is gone"));
    const { runId, outcome, reason } = await run({ method: [{ fault: { pause: "server" } }] });
    expect(outcome).toBe("residue");
    expect(reason).toBe("not restored: pause server; the rollback failed: the driver is gone");
    expect(await history.find(runId)).toMatchObject({ outcome });
    for (const fault of stack.faults.open(stack.running.registered.id)) stack.faults.close(fault.id, "restored");
    await driver().resume("server");
  });

  test("does not pass when a watcher cannot be ended", async () => {
    vi.spyOn(stack.running, "followLogs").mockReturnValue({
      read: async () => undefined,
      close: () => Promise.reject(new Error("a stuck log")),
    });
    const { outcome, reason, view } = await run({ method: [{ wait: "1ms" }] });
    expect([outcome, reason]).toEqual(["error", expect.stringContaining("a stuck log")]);
    expect(view.warnings.map(({ event }) => event.message)).toContain(reason);
  });

  test.each<[string, (error: Error) => void]>([
    ["an unawaited promise", (error) => strays.report(error)],
    [
      "a health listener",
      (error) => {
        const unsubscribe = stack.running.health.onTransition(() => {
          unsubscribe();
          throw error;
        });
      },
    ],
    [
      "the journal, asked for a halt",
      (error) => {
        vi.spyOn(stack.faults, "haltedSince").mockImplementationOnce(() => {
          throw error;
        });
        stack.faults.halt(1);
        stack.faults.arm();
      },
    ],
  ])("ends as an error, everything restored, when an error comes from %s", async (_from, cause) => {
    const { runId, outcome, reason, view } = await run({
      method: [{ fault: { pause: "server" } }, { wait: "5m" }],
      listen: (event) => event.type === "fault.applied" && void cause(new Error("boom")),
    });
    expect([outcome, reason]).toEqual(["error", expect.stringContaining("boom")]);
    expect(view.faults).toMatchObject([{ status: "restored" }]);
    expect(await history.find(runId)).toMatchObject({ outcome: "error" });
    expect(await run({ method: [{ wait: "1ms" }] })).toMatchObject({ outcome: "passed" });
  });

  test("does not pass either when such an error comes during the rollback", async () => {
    const { outcome, reason, view } = await run({
      method: [{ fault: { pause: "server" } }],
      listen: (event) =>
        event.type === "phase.started" && event.phase === "rollback" && strays.report(new Error("boom")),
    });
    expect([outcome, reason]).toEqual(["error", expect.stringContaining("boom")]);
    expect(view.faults).toMatchObject([{ status: "restored" }]);
  });

  test("ends, and does not pass, when its fault proxy has died and does not come up again", async () => {
    shortenLimits();
    const { register, running } = stack;
    const id = running.registered.id;
    const proxy = register.processes(id).find(({ service }) => service === "fault-proxy");
    if (proxy === undefined) throw new Error("there should be one");
    const { outcome, reason } = await run({
      method: [{ wait: { service: "fault-proxy", is: "down" } }],
      listen: (event) => {
        if (event.type !== "step.started") return;
        register.setProcess(id, "fault-proxy", { ...proxy.launch, command: ["sleep", "600"] }, proxy.identity);
        void driver().kill("fault-proxy");
      },
    });
    await driver().kill("fault-proxy");
    register.setProcess(id, "fault-proxy", proxy.launch, undefined);
    await running.startAndWait("fault-proxy", AbortSignal.timeout(20_000));
    expect([outcome, reason]).toEqual(["residue", expect.stringContaining("after the rollback fault-proxy is down")]);
  });
});

describe("a check without the data that it needs", () => {
  const NO_ROWS = { decisions: [] };
  const HOLDS = { within: "5m" };
  const UNREAD = "the audit log cannot be read";

  /** The caller poses as an audit log: it answers, and not as a database. */
  beforeEach(() => {
    const caller = stack.running.stack.services.find(({ name }) => name === "caller");
    const { role, endpoint } = caller ?? {};
    Object.assign(caller ?? {}, { role: "audit-log", endpoint: "postgres://lab@{address}/lab" });
    return () => void Object.assign(caller ?? {}, { role, endpoint });
  });

  test("makes the run inconclusive although nothing wrong was seen, with the reason", async () => {
    const { outcome, reason, view } = await run({ method: [{ wait: "1ms" }], expect: [HOLDS, NO_ROWS] });
    expect(outcome).toBe("inconclusive");
    expect(reason).toMatch(
      new RegExp(`^decisions could not be told: ${UNREAD}: .*; expected nothing; observed so far nothing$`),
    );
    expect(view.checks.map(({ event }) => event)).toMatchObject([
      { passed: true },
      { passed: false, inconclusive: expect.any(String) },
    ]);
    expect(view.ended).toMatchObject({ outcome: "inconclusive" });
  });

  test("does not hide one that failed", async () => {
    const failing = { http: "server", path: "/", json: { served: "never" } };
    const { outcome, reason } = await run({ method: [{ wait: "1ms" }], expect: [NO_ROWS, failing] });
    expect([outcome, reason]).toEqual(["failed", expect.stringMatching(/^http server\/: expected/)]);
  });

  test("does not hide what is left broken", async () => {
    shortenLimits();
    const { outcome } = await run({
      method: [{ wait: "1ms" }],
      expect: [NO_ROWS],
      listen: (event) => event.type === "check.evaluated" && void driver().pause("server"),
    });
    await driver().resume("server");
    expect(outcome).toBe("residue");
  });

  test("ends the method at its step, and so does a wait for decisions that cannot be read", async () => {
    const check = await run({ method: [{ check: NO_ROWS }, { wait: "5m" }] });
    expect([check.outcome, check.reason]).toEqual(["inconclusive", expect.stringContaining(UNREAD)]);
    const wait = await run({ method: [{ wait: { rows: 1 }, atMost: "50ms" }] });
    expect([wait.outcome, wait.reason]).toEqual(["inconclusive", expect.stringContaining(UNREAD)]);
  });
});

test("a check of what the stack does not tell is refused before anything is broken", async () => {
  const fault = { fault: { latency: LINK, by: "1ms" } };
  const { outcome, reason, view } = await run({ method: [fault], expect: [{ within: "5m" }, { decisions: [] }] });
  expect(outcome).toBe("precondition");
  expect(reason).toBe(
    "expect[1]: it needs decisions, and nothing in the stack records them: no service has the role audit-log, and x-lab.decisions names no other record",
  );
  expect(view.faults).toEqual([]);
});
