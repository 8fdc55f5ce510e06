import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import type { LifecycleFault } from "../../model/lifecycle-fault.ts";
import { serviceProcesses } from "../../testing/service-processes.ts";
import { temporaryFolder } from "../../testing/temporary-folder.ts";
import type { JournaledFault } from "../journal/fault-journal.ts";
import type { ServiceIdentity } from "../journal/service-identity.ts";
import { identify } from "../process-identity.ts";
import type { StackDriver } from "../stacks/driver.ts";
import type { Surroundings } from "../stacks/surroundings.ts";
import { FAULT_KINDS } from "./catalogue.ts";
import { undoFault } from "./undo.ts";
import type { UndoTarget } from "./undo-target.ts";

const WAIT = "setInterval(() => {}, 1e6);";
const never = new AbortController().signal;

/** A running service, with what is needed to break it and to restore it. */
async function service(program = WAIT) {
  const processes = serviceProcesses({ a: program });
  const { driver } = processes;
  await driver.start("a");
  const stateOf = () => driver.stateOf("a");
  const identity = async (): Promise<ServiceIdentity> => {
    const state = await stateOf();
    if (!("identity" in state) || state.identity === undefined) throw new Error(`a is ${state.is}`);
    return state.identity;
  };
  const pid = async () => {
    const found = await identity();
    return found.kind === "process" ? found.pid : 0;
  };
  const faultOf = (kind: LifecycleFault, of: ServiceIdentity): JournaledFault => {
    const times = { intendedWallMs: 0, expiresWallMs: 0 };
    return { id: "f", runId: "r", stackId: processes.stackId, kind, target: "a", identity: of, undo: "", ...times };
  };
  /** Undoes with every running service taken for healthy. */
  const undo = (fault: JournaledFault) => undoFault(fault, { driver, waitUntilUp: async () => {} }, never);
  return { ...processes, stateOf, identity, pid, faultOf, undo };
}

describe("undoing a fault on a service", () => {
  test.each(["stop", "kill", "pause"] as const)(
    "%s: it is restored and verified, and repeating the undo is harmless",
    async (kind) => {
      const { driver, stateOf, identity, faultOf, undo } = await service();
      const fault = faultOf(kind, await identity());
      await FAULT_KINDS[kind].apply(driver, "a");
      expect((await stateOf()).is).toBe(kind === "pause" ? "paused" : "stopped");
      expect(await undo(fault)).toMatchObject({ result: "restored" });
      const undone = await stateOf();
      expect(undone.is).toBe("running");
      expect((await undo(fault)).result).not.toBe("not restored");
      expect(await stateOf()).toEqual(undone);
    },
  );

  test.each(["stop", "kill", "pause", "restart"] as const)(
    "%s that was journaled and never applied leaves it running",
    async (kind) => {
      const { stateOf, identity, faultOf, undo } = await service();
      expect(await undo(faultOf(kind, await identity()))).toMatchObject({ result: "restored" });
      expect((await stateOf()).is).toBe("running");
    },
  );

  test("names what is not as it was before beside the service that does not come up for it", async () => {
    const { driver, identity, faultOf } = await service();
    const fault = { ...faultOf("stop", await identity()), before: { containers: [] } };
    await FAULT_KINDS.stop.apply(driver, "a");
    const surroundings = {
      restore: async () => [],
      differences: async () => ["a: it is no longer on network back", "a: it is also on network front"],
    } as unknown as Surroundings;
    Object.assign(driver, { surroundings });
    const waitUntilUp = () => Promise.reject(new Error("a refuses connections"));
    expect(await undoFault(fault, { driver, waitUntilUp }, never)).toEqual({
      result: "not restored",
      detail: expect.stringMatching(/refuses connections; .*no longer on network back; a: it is also on network front/),
    });
  });

  test("beside another fault on the same service does not wait for it to be up, which that fault prevents", async () => {
    const { driver, identity, stateOf, faultOf } = await service();
    const paused = faultOf("pause", await identity());
    const disconnected = { ...faultOf("disconnect", await identity()), id: "other" };
    await FAULT_KINDS.pause.apply(driver, "a");
    const waitUntilUp = () => new Promise<void>(() => {});
    const target = { driver, waitUntilUp, inForce: () => [disconnected, paused] };
    expect(await undoFault(paused, target, never)).toEqual({
      result: "restored",
      detail: "a is running, and another fault on it is still in force",
    });
    expect((await stateOf()).is).toBe("running");
  });

  test.each(["beside a fault on another service", "alone"])("%s: whether it may stay degraded", async (how) => {
    const { driver, identity, faultOf } = await service();
    const stopped = faultOf("stop", await identity());
    await driver.stop("a");
    const others = how === "alone" ? [] : [{ ...stopped, id: "other", target: "b" }];
    const seen: boolean[] = [];
    // As a gateway that needs b: it answers errors, then serves and reports that b is missing, and is up only later.
    const waitUntilUp: UndoTarget["waitUntilUp"] = async (_service, _limit, accepts) => {
      const results = [
        { status: "down" },
        { status: "degraded" },
        { status: "degraded", isServing: true },
        { status: "up" },
      ] as const;
      for (const result of results) {
        seen.push(accepts({ reason: "", latencyMs: 1, ...result }));
        if (seen.at(-1)) return;
      }
    };
    const target = { driver, waitUntilUp, inForce: () => [stopped, ...others] };
    expect(await undoFault(stopped, target, never)).toEqual({
      result: "restored",
      detail:
        how === "alone" ? "a is running and up" : "a is running and degraded, and another fault is still in force",
    });
    expect(seen).toEqual(how === "alone" ? [false, false, false, true] : [false, false, true]);
  });

  test("that is shutting down, since its lab died after the signal, waits for its exit before it starts the next instance", async () => {
    const go = join(temporaryFolder(), "go");
    const { stateOf, identity, pid, faultOf, undo, logOf } = await service(`
      const { existsSync } = require("node:fs");
      const leave = () => existsSync(${JSON.stringify(go)}) && process.exit(0);
      process.on("SIGTERM", () => { console.log("going"); setInterval(leave, 5); });
      console.log("up"); ${WAIT}`);
    const output = () => readFileSync(logOf("a", "stdout"), "utf8");
    await expect.poll(output).toContain("up");
    const fault = faultOf("stop", await identity());
    const dying = await pid();
    process.kill(dying, "SIGTERM");
    await expect.poll(output).toContain("going");
    const undoing = undo(fault);
    writeFileSync(go, "");
    expect(await undoing).toMatchObject({ result: "restored" });
    expect(identify(dying)).toBeUndefined();
    expect((await stateOf()).is).toBe("running");
  });

  test("a service that was paused and then killed by someone else is left so", async () => {
    const { driver, stateOf, identity, faultOf, undo } = await service();
    const fault = faultOf("pause", await identity());
    await driver.pause("a");
    await driver.kill("a");
    expect(await undo(fault)).toMatchObject({ result: "changed by someone else" });
    expect((await stateOf()).is).toBe("stopped");
  });

  test.each(["stop", "kill"] as const)(
    "%s: a service that someone else has started again, and paused, is left so",
    async (kind) => {
      const { driver, stateOf, identity, faultOf, undo } = await service();
      const fault = faultOf(kind, await identity());
      await FAULT_KINDS[kind].apply(driver, "a");
      await driver.start("a");
      const started = await stateOf();
      expect(await undo(fault)).toMatchObject({ result: "changed by someone else" });
      expect(await stateOf()).toEqual(started);
      await driver.pause("a");
      expect(await undo(fault)).toMatchObject({ result: "changed by someone else" });
      expect((await stateOf()).is).toBe("paused");
    },
  );

  test("a service that was started again, perhaps by a lab that then died, is reported once it is up", async () => {
    const { driver, identity, faultOf } = await service();
    const fault = faultOf("stop", await identity());
    await driver.stop("a");
    await driver.start("a");
    const up = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    const waitUntilUp = () => {
      asked.resolve();
      return up.promise;
    };
    let isReported = false;
    const undoing = undoFault(fault, { driver, waitUntilUp }, never).finally(() => {
      isReported = true;
    });
    await asked.promise;
    expect(isReported).toBe(false);
    up.resolve();
    expect(await undoing).toMatchObject({ result: "changed by someone else" });
  });

  test("pause: another process that now has its number is never resumed in its place", async () => {
    const { driver, identity, faultOf, undo, stateOf } = await service();
    const mine = await identity();
    const other = { ...mine, startedAt: "another boot:1" };
    await driver.pause("a");
    expect(await undo(faultOf("pause", other))).toMatchObject({ result: "changed by someone else" });
    expect((await stateOf()).is).toBe("paused");
  });

  test("a service that does not start is not restored, with the reason", async () => {
    const { driver, register, stackId, identity, faultOf, undo } = await service();
    const fault = faultOf("kill", await identity());
    await driver.kill("a");
    const launch = register.processes(stackId)[0]?.launch;
    if (launch === undefined) throw new Error("there should be one");
    register.setProcess(stackId, "a", { ...launch, command: ["no-such-program"] }, undefined);
    expect(await undo(fault)).toMatchObject({
      result: "not restored",
      detail: expect.stringMatching(/no-such-program/),
    });
    register.setProcess(stackId, "a", launch, undefined);
    expect(await undo(fault)).toMatchObject({ result: "restored" });
  });

  test("a service that starts and does not become healthy is not restored", async () => {
    const { driver, identity, faultOf } = await service();
    const fault = faultOf("kill", await identity());
    await driver.kill("a");
    const waitUntilUp = () => Promise.reject(new Error("a is down"));
    const undone = await undoFault(fault, { driver, waitUntilUp }, never);
    expect(undone).toMatchObject({ result: "not restored", detail: "a: a is down" });
  });

  /** A service whose process runs `program` when it is started again, and never becomes healthy. */
  async function neverHealthy(program: string) {
    const { driver, register, stackId, identity, faultOf } = await service();
    const fault = faultOf("kill", await identity());
    await driver.kill("a");
    const launch = register.processes(stackId)[0]?.launch;
    if (launch === undefined) throw new Error("there should be one");
    register.setProcess(stackId, "a", { ...launch, command: ["node", "-e", program] }, undefined);
    const waits: AbortSignal[] = [];
    const waitUntilUp = (_service: string, limit: AbortSignal) => {
      waits.push(limit);
      return new Promise<void>((_resolve, reject) => {
        limit.addEventListener("abort", () => reject(limit.reason), { once: true });
      });
    };
    const undo = (signal: AbortSignal) => undoFault(fault, { driver, waitUntilUp }, signal);
    return { undo, driver, waits };
  }

  test("a service that exits right after its start is not waited for, with the reason", async () => {
    const { undo, waits } = await neverHealthy("");
    expect(await undo(never)).toEqual({
      result: "not restored",
      detail: "a: a ended again before it was up",
    });
    expect(waits.map(({ aborted }) => aborted)).toEqual([true]);
  }, 10_000);

  test("the wait for a service that someone else restarts meanwhile continues", async () => {
    const { undo, driver, waits } = await neverHealthy(WAIT);
    const enough = new AbortController();
    const undoing = undo(enough.signal);
    await expect.poll(() => waits.length).toBe(1);
    await driver.stop("a");
    await driver.start("a");
    const stateOf = vi.spyOn(driver, "stateOf");
    await expect.poll(() => stateOf.mock.calls.length).toBeGreaterThan(8);
    expect(waits.map(({ aborted }) => aborted)).toEqual([false]);
    enough.abort(new Error("enough"));
    expect(await undoing).toMatchObject({ result: "not restored", detail: "a: enough" });
  });

  test("a service that runs and is not up in time is not restored, with the time limit", async () => {
    const timeout = AbortSignal.timeout.bind(AbortSignal);
    const asked: number[] = [];
    const spy = vi.spyOn(AbortSignal, "timeout").mockImplementation((ms) => {
      asked.push(ms);
      return timeout(20);
    });
    onTestFinished(() => spy.mockRestore());
    const { undo } = await neverHealthy(WAIT);
    const undone = await undo(never);
    expect(asked).toHaveLength(1);
    const seconds = (asked[0] ?? 0) / 1000;
    expect(undone).toEqual({ result: "not restored", detail: `a: a was not up within ${seconds} s` });
  });

  test("when the time limit of the whole undo is over, that is the reason", async () => {
    const { undo } = await neverHealthy(WAIT);
    expect(await undo(AbortSignal.timeout(20))).toEqual({
      result: "not restored",
      detail: "a: the time for undoing ran out",
    });
  });
  test.each(["stop", "kill", "restart"] as const)(
    "%s: a container that exits after an undo has started it is started again by the next, not taken for a change by others",
    async (kind) => {
      let instance = 1;
      let state: "running" | "stopped" = "stopped";
      let isHealthy = false;
      const begin = async () => {
        instance++;
        state = "running";
      };
      const identity = (): ServiceIdentity => ({ kind: "container", id: "c", startedAt: String(instance) });
      const stateOf = async () => ({ is: state, identity: identity() });
      const replicas = async () => [{ state: await stateOf(), name: "a" }];
      const driver = { stateOf, replicas, start: begin };
      const waitUntilUp = async () => {
        if (!isHealthy) state = "stopped";
      };
      const times = { intendedWallMs: 0, expiresWallMs: 0 };
      const fault = { id: "f", runId: "r", stackId: "s", kind, target: "a", identity: identity(), undo: "", ...times };
      const onExitedAgain = vi.fn((broken: JournaledFault, started: ServiceIdentity) => {
        broken.identity = started;
      });
      const target = { driver: driver as unknown as StackDriver, waitUntilUp, onExitedAgain };
      expect(await undoFault(fault, target, never)).toMatchObject({ result: "not restored" });
      expect(onExitedAgain).toHaveBeenCalledExactlyOnceWith(fault, identity());
      isHealthy = true;
      expect(await undoFault(fault, target, never)).toMatchObject({ result: "restored" });
    },
  );

  test("a service that exits right after its start is not restored", async () => {
    const { driver, register, stackId, identity, faultOf, stateOf } = await service();
    const fault = faultOf("kill", await identity());
    await driver.kill("a");
    const launch = register.processes(stackId)[0]?.launch;
    if (launch === undefined) throw new Error("there should be one");
    register.setProcess(stackId, "a", { ...launch, command: ["node", "-e", ""] }, undefined);
    const waitUntilUp = async () => {
      await expect.poll(async () => (await stateOf()).is).toBe("stopped");
    };
    const undone = await undoFault(fault, { driver, waitUntilUp }, never);
    expect(undone).toMatchObject({ result: "not restored", detail: "a is stopped" });
  });
});
