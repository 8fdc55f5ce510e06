import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { describe, expect, onTestFinished, test } from "vitest";
import { serviceProcesses } from "../../testing/service-processes.ts";
import type { RegisteredStack } from "../journal/stack-register.ts";
import { identify } from "../process-identity.ts";
import { ProcessBackend } from "./process-backend.ts";
import { ProcessDriver, processesOfStack } from "./process-driver.ts";

const WAIT = "setInterval(() => {}, 1e6);";

/** Another process, which could be starting a service. */
async function starter(): Promise<{ child: ChildProcess; self: { pid: number; startedAt: string } }> {
  const child = spawn(process.execPath, ["-e", WAIT], { stdio: "ignore" });
  onTestFinished(() => void child.kill("SIGKILL"));
  await once(child, "spawn");
  const self = identify(child.pid ?? 0);
  if (self === undefined) throw new Error("it has not started");
  return { child, self };
}

const inForce = (stackId: string) => processesOfStack(stackId).map(({ pid }) => pid);

describe("a service that several want to start", () => {
  test("is started once, also by drivers that know nothing of each other", async () => {
    const { driver, register, stackId } = serviceProcesses({ a: WAIT });
    const others = [1, 2, 3].map(() => new ProcessDriver(stackId, register));
    await Promise.all([driver, ...others].map((each) => each.start("a")));
    expect(inForce(stackId)).toHaveLength(1);
    expect(await driver.stateOf("a")).toMatchObject({ is: "running", identity: { pid: inForce(stackId)[0] } });
  });

  test("waits for another process that is starting it", async () => {
    const { driver, register, stackId } = serviceProcesses({ a: WAIT });
    const { self } = await starter();
    const service = await starter();
    expect(register.claimStart(stackId, "a", self, () => true)).toBeDefined();
    const starting = driver.start("a");
    expect(register.endStart(stackId, "a", self, service.self)).toBe(true);
    await starting;
    expect(await driver.stateOf("a")).toMatchObject({ is: "running", identity: service.self });
    expect(inForce(stackId)).toEqual([]);
  });

  test.runIf(process.platform === "linux").each(["at once", "with another environment"])(
    "is started again, %s, when its starter died before it had written the process down, and that process is ended",
    async (how) => {
      const { driver, register, stackId } = serviceProcesses({ a: WAIT, b: WAIT });
      const { child, self } = await starter();
      await driver.start("a");
      await driver.start("b");
      const [unknown] = register.processes(stackId).map(({ identity }) => identity?.pid);
      register.claimStart(stackId, "a", self, () => true);
      child.kill("SIGKILL");
      await once(child, "exit");
      expect((await driver.stateOf("a")).is).toBe("stopped");
      if (how !== "at once")
        await new ProcessBackend({ id: stackId } as RegisteredStack, register).setVariable("a", "OFF", "budget");
      await driver.start("a");
      expect(identify(unknown ?? 0)).toBeUndefined();
      expect((await driver.stateOf("a")).is).toBe("running");
      expect((await driver.stateOf("b")).is).toBe("running");
      expect(inForce(stackId)).toHaveLength(2);
    },
  );

  test.runIf(process.platform === "linux")("is not waited for when its starter is frozen", async () => {
    const { driver, register, stackId } = serviceProcesses({ a: WAIT });
    const { child, self } = await starter();
    register.claimStart(stackId, "a", self, () => true);
    child.kill("SIGSTOP");
    await driver.start("a");
    const started = await driver.stateOf("a");
    expect(started.is).toBe("running");
    // Once it wakes up, it is told that its own process is not the one.
    expect(register.endStart(stackId, "a", self, self)).toBe(false);
    expect(await driver.stateOf("a")).toEqual(started);
  });

  test("that cannot be started is free again", async () => {
    const { driver, register, stackId } = serviceProcesses({ a: WAIT }, { command: ["no-such-program"] });
    await expect(driver.start("a")).rejects.toThrow("no-such-program");
    await expect(driver.start("a")).rejects.toThrow("no-such-program");
    expect(register.processes(stackId)[0]).toMatchObject({ identity: undefined, starter: undefined });
  });
});
