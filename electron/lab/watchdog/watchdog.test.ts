import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { lastingFolder } from "../../testing/lasting-folder.ts";
import { LINK, writeSmallStack } from "../../testing/small-stack.ts";
import { send } from "../../testing/through-link.ts";
import { acquireLock, openJournal, RECOVERY_PURPOSE } from "../journal/journal.ts";
import { StackRegister } from "../journal/stack-register.ts";
import { Lab } from "../lab.ts";
import { identify } from "../process-identity.ts";
import { type LabProcess, startLab } from "./testing/lab-process.ts";
import { catchesHangup, serviceProcessesOf, watchdogsOf } from "./testing/process-table.ts";

const folder = lastingFolder();
const home = join(folder, "home");
const stackFile = writeSmallStack(folder);
const FROZEN_IN_A_WRITE = join(import.meta.dirname, "..", "..", "testing", "frozen-in-a-write.ts");
const TARGET_OPTIONS = ["--stack", stackFile, "--ports", "auto"];
const JUMPING = {
  NODE_OPTIONS: `--import=${pathToFileURL(join(import.meta.dirname, "..", "..", "testing", "jumping-clocks.ts"))}`,
};
/** Each look goes through every process of the machine. */
const WAIT = { interval: 100 };
const SERVICES = ["caller", "fault-proxy", "server"];
let linkUrl: string;

// Only Linux has /proc, which these tests read.
describe.runIf(process.platform === "linux")("the watchdog", () => {
  beforeAll(async () => {
    mkdirSync(home);
    await lab("stack", "up").ended;
    linkUrl = `http://127.0.0.1:${linkPort()}/`;
  });
  afterAll(async () => {
    await lab("stack", "down").ended;
    expect(serviceProcessesOf(home)).toEqual([]);
  });
  afterEach(async () => {
    await expect.poll(() => watchdogsOf({ home }), WAIT).toEqual([]);
    await expectIntact();
  });

  test("exits when its lab does", async () => {
    const { child, ended } = run({ wait: "1ms" });
    await expect.poll(() => watchdogsOf({ home }), WAIT).toHaveLength(1);
    await ended;
    expect(child.exitCode).toBe(0);
    expect(watchdogsOf({ home })).toEqual([]);
  });

  test("undoes everything when its lab is killed, and exits", async () => {
    const { child } = await broken();
    child.kill("SIGKILL");
  });

  test("undoes everything when its lab is killed on a full disk, where nobody can lock the data folder", async () => {
    const { child } = await broken();
    const journal = openJournal(join(home, "journal.db"));
    onTestFinished(() => journal.close());
    const full = "BEFORE INSERT ON holder BEGIN SELECT raise(ABORT, 'database or disk is full'); END";
    journal.database.exec(`CREATE TRIGGER full ${full}`);
    onTestFinished(() => void journal.database.exec("DROP TRIGGER full"));
    child.kill("SIGKILL");
    await expectIntact();
  });

  test("ignores Ctrl-C, a closing terminal and SIGTERM, which are meant for the lab", async () => {
    const { child } = await broken();
    const watchdog = onlyWatchdog();
    for (const signal of ["SIGINT", "SIGHUP", "SIGTERM"] as const) process.kill(watchdog, signal);
    child.kill("SIGKILL");
  });

  test("is dismissed after Ctrl-C in the lab, which restores everything itself", async () => {
    const { child, ended } = await broken();
    child.kill("SIGINT");
    expect(await ended).toContain("undoing every fault");
    expect(child.exitCode).toBe(130);
  });

  test("is replaced when it dies", async () => {
    const { child } = await broken();
    const first = onlyWatchdog();
    process.kill(first, "SIGKILL");
    await expect.poll(() => watchdogsOf({ home }).filter((pid) => pid !== first), WAIT).toHaveLength(1);
    child.kill("SIGKILL");
  });

  test("that is frozen does not keep the lab from exiting", async () => {
    const { child, ended } = await broken();
    const watchdog = onlyWatchdog();
    process.kill(watchdog, "SIGSTOP");
    child.kill("SIGINT");
    await ended;
    await expect.poll(() => identify(watchdog), WAIT).toBeUndefined();
  });

  test("and a second one restore concurrently without conflict", async () => {
    const { child } = await broken();
    const first = onlyWatchdog();
    const identity = identify(child.pid ?? 0);
    const second = spawn(
      process.execPath,
      [join(import.meta.dirname, "main.ts"), home, String(identity?.pid), identity?.startedAt ?? ""],
      { stdio: ["pipe", "ignore", "inherit"], detached: true },
    );
    await expect.poll(() => watchdogsOf({ home }), WAIT).toHaveLength(2);
    child.kill("SIGKILL");
    second.stdin.end();
    await once(second, "exit");
    expect(second.exitCode).toBe(0);
    await expect.poll(() => identify(first), WAIT).toBeUndefined();
  });

  test("that comes too late, after the next start has restored everything, changes nothing", async () => {
    const { child } = await broken();
    const watchdog = onlyWatchdog();
    process.kill(watchdog, "SIGSTOP");
    child.kill("SIGKILL");
    const next = lab("run", scenario({ wait: "1ms" }));
    expect(await next.ended).toMatch(/recovered: undid pause server/);
    process.kill(watchdog, "SIGCONT");
  });

  test("undoes the faults of a lab that hangs and leaves its stack up; the run does not pass when the lab continues", async () => {
    const { child, ended } = await broken({ wait: { service: "server", is: "up" }, atMost: "1m" });
    const before = serviceProcessesOf(home).map(({ pid }) => pid);
    child.kill("SIGSTOP");
    await expectIntact();
    expect(serviceProcessesOf(home).map(({ pid }) => pid)).toEqual(before);
    child.kill("SIGCONT");
    expect(await ended).toMatch(/was undone in mid-run, by a halt or by the watchdog/);
    expect(child.exitCode).toBe(1);
  });

  test("ends a lab that was frozen in the middle of a write, with its journal locked, and undoes everything", async () => {
    const freezing = { NODE_OPTIONS: `--import=${pathToFileURL(FROZEN_IN_A_WRITE)}` };
    const file = scenario({ fault: { http_status: LINK, status: 503 } }, { fault: { kill: "server" } }, { wait: "1m" });
    const { child, ended } = await untilBroken(startLab(home, ["run", file, ...TARGET_OPTIONS], freezing));
    child.kill("SIGUSR2");
    await ended;
    expect(child.signalCode).toBe("SIGKILL");
  });

  describe("on a machine that sleeps, and whose clocks jump,", () => {
    const run = (...method: object[]) => startLab(home, ["run", scenario(...method), ...TARGET_OPTIONS], JUMPING);

    test("does not undo the faults of a lab whose heartbeat continues", async () => {
      const { child, ended } = run({ fault: { pause: "server" } }, { wait: "2s" });
      expect(await ended).not.toMatch("was undone in mid-run");
      expect(child.exitCode).toBe(0);
    });

    test("undoes the faults of a lab that hangs, and of one that is killed", async () => {
      const { child } = await untilBroken(
        run({ fault: { http_status: LINK, status: 503 } }, { fault: { pause: "server" } }, { wait: "1m" }),
      );
      child.kill("SIGSTOP");
      await expectIntact();
      child.kill("SIGKILL");
    });
  });

  test("restores the rest of a lab that hangs and is then killed", async () => {
    const { child } = await broken();
    child.kill("SIGSTOP");
    await expectIntact();
    child.kill("SIGKILL");
  });
});

describe.runIf(process.platform === "linux")("halting from another process", () => {
  beforeAll(async () => {
    await lab("stack", "up").ended;
    linkUrl = `http://127.0.0.1:${linkPort()}/`;
  });
  afterAll(async () => {
    await lab("stack", "down").ended;
  });

  test("undoes everything while the lab hangs; no run starts until faults are allowed again", async () => {
    const { child, ended } = await broken({ wait: "1m" });
    // The watchdog would undo the same faults, on a busy machine before the halt has started.
    const watchdog = onlyWatchdog();
    process.kill(watchdog, "SIGSTOP");
    child.kill("SIGSTOP");
    const halting = lab("halt");
    expect(await halting.ended).toMatch(/http_status caller->server: restored.*\n.*pause server: restored.*\nhalted/);
    await expectIntact();
    process.kill(watchdog, "SIGCONT");
    child.kill("SIGCONT");
    expect(await ended).toMatch(/cancelled.*everything was halted/s);
    expect(child.exitCode).toBe(1);
    const refused = run({ fault: { pause: "server" } });
    expect(await refused.ended).toMatch("everything was halted");
    expect(refused.child.exitCode).toBe(2);
    expect(await lab("arm").ended).toBe("faults can be applied again\n");
    expect(await run({ wait: "1ms" }).ended).toMatch("passed");
  });

  test("cancels a running run, whose rollback does not conflict with the halt", async () => {
    const { child, ended } = await broken({ wait: "1m" }, { fault: { kill: "server" } });
    expect(await lab("halt").ended).toMatch("halted");
    expect(await ended).toMatch(/everything was halted/);
    expect(child.exitCode).toBe(1);
    await expectIntact();
    expect(await lab("arm").ended).toBe("faults can be applied again\n");
  });
});

test("a start waits for a watchdog that is restoring", async () => {
  const other = spawn(process.execPath, ["-e", "setInterval(() => {}, 1e6)"], { stdio: "ignore" });
  onTestFinished(() => void other.kill("SIGKILL"));
  await once(other, "spawn");
  const watchdog = identify(other.pid ?? 0);
  if (watchdog === undefined) throw new Error("it has not started");
  const waiting = join(folder, "waiting");
  const opened = await Lab.open({ ...process.env, RESILIENCE_LAB_HOME: waiting });
  onTestFinished(() => opened.close());
  const journal = openJournal(join(waiting, "journal.db"));
  onTestFinished(() => journal.close());
  const release = acquireLock(journal, watchdog, RECOVERY_PURPOSE, Date.now());
  const seen: string[] = [];
  const working = opened.work("a run", AbortSignal.timeout(20_000), async () => void seen.push("at work"));
  await expect.poll(() => new StackRegister(journal).list()).toEqual([]);
  expect(seen).toEqual([]);
  release();
  await working;
  expect(seen).toEqual(["at work"]);
  acquireLock(journal, watchdog, "running mcp-crash", Date.now());
  await expect(opened.work("a run", AbortSignal.timeout(20_000), async () => {})).rejects.toMatchObject({
    code: "busy",
  });
});

function lab(...args: string[]): LabProcess {
  const targetOptions = ["stack", "run"].includes(args[0] ?? "") && args[1] !== "down" ? TARGET_OPTIONS : [];
  return startLab(home, [...args, ...targetOptions]);
}

function scenario(...method: object[]): string {
  const file = join(folder, "scenario.yaml");
  const steadyState = [{ service: "server", is: "up" }];
  writeFileSync(
    file,
    JSON.stringify({ id: "a", title: "a", patterns: [], steadyState, method, expect: [{ within: "5m" }] }),
  );
  return file;
}

const run = (...method: object[]): LabProcess => lab("run", scenario(...method));

/** A lab in mid-run with a service and a link broken, verified from outside, and its watchdog ready. */
async function broken(
  then: object = { wait: "1m" },
  breaking: object = { fault: { pause: "server" } },
): Promise<LabProcess> {
  return untilBroken(run({ fault: { http_status: LINK, status: 503 } }, breaking, then));
}

async function untilBroken(started: LabProcess): Promise<LabProcess> {
  const isBroken = () => {
    const server = serviceProcessesOf(home).find(({ service }) => service === "server");
    return server === undefined || server.state === "T";
  };
  await expect.poll(isBroken, WAIT).toBe(true);
  await expect.poll(() => watchdogsOf({ home }).map(catchesHangup), WAIT).toEqual([true]);
  // A lab that is stopped while it writes to its journal keeps everyone else out of it.
  await expect.poll(faultStates, WAIT).not.toContain("intended");
  return started;
}

function faultStates(): string[] {
  const journal = openJournal(join(home, "journal.db"));
  try {
    return journal.database.prepare<[], string>("SELECT state FROM faults").pluck().all();
  } finally {
    journal.close();
  }
}

async function expectIntact(): Promise<void> {
  const running = () =>
    serviceProcessesOf(home)
      .filter(({ state }) => state !== "T" && state !== "Z")
      .map(({ service }) => service)
      .sort();
  await expect.poll(running, WAIT).toEqual(SERVICES);
  const answer = () =>
    send(linkUrl).then(
      ({ status }) => status,
      (error: Error) => error.message,
    );
  await expect.poll(answer, WAIT).toBe(200);
}

/** Throws unless there is exactly one: kill(0) and kill(-1) would signal other processes. */
function onlyWatchdog(): number {
  const [only, ...more] = watchdogsOf({ home });
  if (only === undefined || more.length > 0) throw new Error("there should be one watchdog");
  return only;
}

/** Port of the link, from the caller's environment. */
function linkPort(): string {
  const url = serviceProcessesOf(home).find(({ service }) => service === "caller")?.environment.SERVER_URL;
  return new URL(url ?? "").port;
}
