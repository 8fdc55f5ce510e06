import { readFileSync } from "node:fs";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { serviceProcesses } from "../../testing/service-processes.ts";
import { familyOf } from "../process-family.ts";
import { identify, isPaused, isSameProcess } from "../process-identity.ts";
import { ProcessDriver, processesOfStack } from "./process-driver.ts";

const onLinux = process.platform === "linux";
const WAIT = "setInterval(() => {}, 1e6);";
const SAY_UP = 'console.log("up");';
const SAY_UP_AND_WAIT = `${SAY_UP} ${WAIT}`;

const read = (file: string) => {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
};

function pidOf(state: { is: string; identity?: { kind: string; pid?: number } }): number {
  return state.identity?.pid ?? Number.NaN;
}

/** Starts a service and waits for its first line, so that its signal handlers are there. */
async function startAndHear(services: ReturnType<typeof serviceProcesses>, name: string): Promise<number> {
  await services.driver.start(name);
  await expect.poll(() => read(services.logOf(name, "stdout"))).toContain("up");
  return pidOf(await services.driver.stateOf(name));
}

describe("a service", () => {
  test("starts, runs with its mark and its own environment only, and stops on its signal", async () => {
    process.env.SECRET_OF_THE_SHELL = "secret";
    const services = serviceProcesses({
      a: `process.on("SIGTERM", () => { console.log("bye"); process.exit(0); });
          console.log("up", process.env.SECRET_OF_THE_SHELL, process.env.RESILIENCE_LAB_STACK); ${WAIT}`,
    });
    expect(await services.driver.stateOf("a")).toEqual({ is: "stopped" });
    const pid = await startAndHear(services, "a");
    delete process.env.SECRET_OF_THE_SHELL;
    expect(await services.driver.stateOf("a")).toMatchObject({ is: "running", identity: { kind: "process", pid } });
    expect(read(services.logOf("a", "stdout"))).toBe(`up undefined ${services.stackId}\n`);
    await services.driver.stop("a");
    expect(await services.driver.stateOf("a")).toEqual({ is: "stopped" });
    expect(read(services.logOf("a", "stdout"))).toContain("bye");
  });

  test("that runs is not started twice, and one that is stopped is not stopped, killed, paused or resumed", async () => {
    const services = serviceProcesses({ a: SAY_UP_AND_WAIT });
    const pid = await startAndHear(services, "a");
    await services.driver.start("a");
    expect(pidOf(await services.driver.stateOf("a"))).toBe(pid);
    await services.driver.kill("a");
    for (const act of ["stop", "kill", "pause", "resume"] as const) await services.driver[act]("a");
    expect(await services.driver.stateOf("a")).toEqual({ is: "stopped" });
  });

  test("takes with it what its first process leaves behind", async () => {
    const child = JSON.stringify("setInterval(() => {}, 1e6)");
    const services = serviceProcesses({
      a: `const { spawn } = require("node:child_process");
          const child = spawn(process.execPath, ["-e", ${child}], { detached: true, stdio: "ignore" });
          process.on("SIGTERM", () => process.exit(0));
          child.on("spawn", () => console.log("up", child.pid)); ${WAIT}`,
    });
    await startAndHear(services, "a");
    const pid = Number(/up (\d+)/.exec(read(services.logOf("a", "stdout")))?.[1]);
    expect(identify(pid)).toBeDefined();
    await services.driver.stop("a");
    expect(identify(pid)).toBeUndefined();
  });

  test("that does not heed its signal is killed after its grace", async () => {
    const stubborn = `process.on("SIGTERM", () => console.log("no")); ${SAY_UP_AND_WAIT}`;
    const services = serviceProcesses({ a: stubborn }, { stopGraceMs: 50 });
    const pid = await startAndHear(services, "a");
    await services.driver.stop("a");
    expect(identify(pid)).toBeUndefined();
    expect(read(services.logOf("a", "stdout"))).toContain("no");
  });

  test("has the stop signal that it asked for", async () => {
    const services = serviceProcesses(
      { a: `process.on("SIGINT", () => { console.log("fast"); process.exit(0); }); ${SAY_UP_AND_WAIT}` },
      { stopSignal: "SIGINT" },
    );
    await startAndHear(services, "a");
    await services.driver.stop("a");
    expect(read(services.logOf("a", "stdout"))).toContain("fast");
  });

  test("is another instance after a restart: what was meant for the first can never hit the second", async () => {
    const services = serviceProcesses({ a: SAY_UP_AND_WAIT });
    await startAndHear(services, "a");
    const first = await services.driver.stateOf("a");
    await services.driver.kill("a");
    await services.driver.start("a");
    const second = await services.driver.stateOf("a");
    expect(second.is).toBe("running");
    expect(second).not.toEqual(first);
    expect("identity" in first && first.identity.kind === "process" && isSameProcess(first.identity)).toBe(false);
  });

  test("writes on where it left off after a restart", async () => {
    const services = serviceProcesses({ a: SAY_UP_AND_WAIT });
    await startAndHear(services, "a");
    await services.driver.kill("a");
    await services.driver.start("a");
    await expect.poll(() => read(services.logOf("a", "stdout"))).toBe("up\nup\n");
  });

  test("whose program is not there says so by name, and is stopped", async () => {
    const services = serviceProcesses({ a: "" }, { command: ["no-such-program"] });
    await expect(services.driver.start("a")).rejects.toThrow(/^a cannot be started: .*no-such-program.*ENOENT/);
    expect(await services.driver.stateOf("a")).toEqual({ is: "stopped" });
  });

  test("that this lab does not run is said so", async () => {
    const services = serviceProcesses({ a: "" });
    await expect(services.driver.stateOf("b")).rejects.toThrow("b is not run by this lab");
  });
});

describe("a service that somebody else signals at the same time", () => {
  /** Another's signal, which comes right after the first of ours. */
  function answering(ours: NodeJS.Signals, others: NodeJS.Signals): void {
    const kill = process.kill.bind(process);
    let count = 0;
    const spy = vi.spyOn(process, "kill").mockImplementation((pid, signal) => {
      kill(pid, signal);
      if (signal === ours && count++ === 0) kill(pid, others);
      return true;
    });
    onTestFinished(() => spy.mockRestore());
  }

  test("is not waited for without end when a halt resumes it as it is being paused", async () => {
    const services = serviceProcesses({ a: SAY_UP_AND_WAIT });
    await startAndHear(services, "a");
    answering("SIGSTOP", "SIGCONT");
    await expect(services.driver.pause("a")).rejects.toThrow(/a \(process \d+\) does not stay paused/);
    expect((await services.driver.stateOf("a")).is).toBe("running");
  });

  test("runs on in the end when a pause that was on its way comes after it was resumed", async () => {
    const services = serviceProcesses({ a: SAY_UP_AND_WAIT });
    await startAndHear(services, "a");
    answering("SIGCONT", "SIGSTOP");
    await services.driver.resume("a");
    expect((await services.driver.stateOf("a")).is).toBe("running");
  });
});

describe("a service of several processes", () => {
  const PARENT = `
    const child = require("node:child_process").spawn(process.execPath, ["-e", "setInterval(() => {}, 1e6)"]);
    child.once("spawn", () => ${SAY_UP.slice(0, -1)}); ${WAIT}`;

  test("is paused as a whole, stays reachable to no signal of its own, and goes on as a whole", async () => {
    const services = serviceProcesses({ a: PARENT });
    const family = familyOf(await startAndHear(services, "a")).map((pid) => identify(pid));
    expect(family).toHaveLength(2);
    const paused = () => family.map((each) => each !== undefined && isPaused(each));
    await services.driver.pause("a");
    expect((await services.driver.stateOf("a")).is).toBe("paused");
    await expect.poll(paused).toEqual([true, true]);
    await services.driver.resume("a");
    expect((await services.driver.stateOf("a")).is).toBe("running");
    await expect.poll(paused).toEqual([false, false]);
  });

  test("is killed as a whole", async () => {
    const services = serviceProcesses({ a: PARENT });
    const family = familyOf(await startAndHear(services, "a"));
    await services.driver.kill("a");
    for (const pid of family) await expect.poll(() => identify(pid)).toBeUndefined();
  });

  test("stops while it is paused, since it is woken to hear its signal", async () => {
    const services = serviceProcesses({ a: SAY_UP_AND_WAIT });
    const pid = await startAndHear(services, "a");
    await services.driver.pause("a");
    await services.driver.stop("a");
    expect(identify(pid)).toBeUndefined();
  });

  test("is killed while it is paused", async () => {
    const services = serviceProcesses({ a: SAY_UP_AND_WAIT });
    const pid = await startAndHear(services, "a");
    await services.driver.pause("a");
    await services.driver.kill("a");
    expect(identify(pid)).toBeUndefined();
  });
});

describe.runIf(onLinux)("processes that no register knows", () => {
  test("are found by their mark: an orphan, a child of a child, one started but not written down", async () => {
    const orphaned = `
      require("node:child_process").spawn(process.execPath, ["-e", "setInterval(() => {}, 1e6)"], { detached: true, stdio: "ignore" }).unref();
      ${SAY_UP}`;
    const services = serviceProcesses({ a: SAY_UP_AND_WAIT, b: orphaned });
    const known = await startAndHear(services, "a");
    await services.driver.start("b");
    await expect.poll(async () => (await services.driver.stateOf("b")).is).toBe("stopped");
    services.register.setProcess(
      services.stackId,
      "a",
      services.register.processes(services.stackId)[0]?.launch ?? fail(),
      undefined,
    );
    const found = processesOfStack(services.stackId).map(({ pid }) => pid);
    expect(found).toHaveLength(2);
    expect(found).toContain(known);
  });

  test("of another stack are not found, also not by a mark that only begins alike", async () => {
    const services = serviceProcesses({ a: SAY_UP_AND_WAIT });
    await startAndHear(services, "a");
    expect(processesOfStack(services.stackId.slice(0, -1))).toEqual([]);
    expect(processesOfStack(`${services.stackId}0`)).toEqual([]);
  });
});

function fail(): never {
  throw new Error("there should be one");
}

describe("the end of a service's process", () => {
  test("is reported, whoever ended it, for each instance", async () => {
    const services = serviceProcesses({ a: SAY_UP_AND_WAIT, b: SAY_UP_AND_WAIT });
    const ended: string[] = [];
    const forget = services.driver.onExit((service) => ended.push(service));
    await services.driver.start("b");
    for (const lives of [1, 2]) {
      await services.driver.start("a");
      process.kill(pidOf(await services.driver.stateOf("a")), "SIGKILL");
      await expect.poll(() => ended).toHaveLength(lives);
      expect(await services.driver.stateOf("a")).toEqual({ is: "stopped" });
    }
    forget();
    await services.driver.kill("b");
    expect(ended).toEqual(["a", "a"]);
  });

  test("is reported also where another lab has started it", async () => {
    const services = serviceProcesses({ a: SAY_UP_AND_WAIT, b: SAY_UP_AND_WAIT });
    await services.driver.start("a");
    const later = new ProcessDriver(services.stackId, services.register);
    const ended: string[] = [];
    onTestFinished(later.onExit((service) => ended.push(service)));
    await services.driver.start("b");
    await later.start("b");
    for (const service of ["a", "b"]) await services.driver.kill(service);
    await expect.poll(() => [...ended].sort()).toEqual(["a", "b"]);
  });
});
