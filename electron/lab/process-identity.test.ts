import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import { familyOf } from "./process-family.ts";
import { identify, isPaused, isSameProcess, thisProcess } from "./process-identity.ts";

const onLinux = process.platform === "linux";
const WAIT = "setInterval(() => {}, 1e6)";

/** A real process that runs until the test has ended, and has printed its first line. */
async function start(program: string): Promise<{ pid: number; line: string; end: () => Promise<unknown> }> {
  const child = spawn(process.execPath, ["-e", program], { stdio: ["pipe", "pipe", "inherit"] });
  const exit = once(child, "exit");
  const end = () => {
    child.kill("SIGKILL");
    return exit;
  };
  onTestFinished(async () => void (await end()));
  const [line] = await once(child.stdout, "data");
  return { pid: child.pid as number, line: String(line).trim(), end };
}

test("a running process is identified by its number and its start time; this one too", async () => {
  const { pid } = await start(`console.log("up"); ${WAIT}`);
  const identity = identify(pid);
  expect(identity?.pid).toBe(pid);
  expect(identity && isSameProcess(identity)).toBe(true);
  expect(isSameProcess(thisProcess)).toBe(true);
  expect(identify(process.pid)).toEqual(thisProcess);
});

test("a process that has ended has no identity, nor has an unused number", async () => {
  const { pid, end } = await start(`console.log("up"); ${WAIT}`);
  const identity = identify(pid);
  await end();
  expect(identify(pid)).toBeUndefined();
  expect(identity && isSameProcess(identity)).toBe(false);
  expect(identify(2 ** 22 + 1)).toBeUndefined();
});

test("another process with a reused number is not the same process", async () => {
  const { pid } = await start(`console.log("up"); ${WAIT}`);
  const identity = identify(pid);
  expect(isSameProcess({ pid, startedAt: `${identity?.startedAt}0` })).toBe(false);
  expect(isSameProcess({ pid, startedAt: thisProcess.startedAt })).toBe(false);
});

test("numbers and start times of another boot are not the same process", () => {
  const [, ticks] = thisProcess.startedAt.split(":");
  expect(isSameProcess({ pid: process.pid, startedAt: `00000000:${ticks}` })).toBe(false);
});

test("a stopped process is paused, a continued one is not", async () => {
  const { pid } = await start(`console.log("up"); ${WAIT}`);
  const identity = identify(pid) ?? thisProcess;
  expect(isPaused(identity)).toBe(false);
  process.kill(pid, "SIGSTOP");
  await expect.poll(() => isPaused(identity)).toBe(true);
  expect(isSameProcess(identity)).toBe(true);
  expect(isPaused({ ...identity, startedAt: "another start" })).toBe(false);
  process.kill(pid, "SIGCONT");
  await expect.poll(() => isPaused(identity)).toBe(false);
});

test.runIf(onLinux)("a zombie counts as dead", async () => {
  // The parent stops itself once it has a child, so that it does not reap the child when that is killed.
  const { line } = await start(`
    const child = require("node:child_process").spawn("sleep", ["1000"]);
    process.stdout.write(String(child.pid), () => process.kill(process.pid, "SIGSTOP"));`);
  const zombie = Number(line);
  const identity = identify(zombie) ?? thisProcess;
  process.kill(zombie, "SIGKILL");
  await expect.poll(() => readFileSync(`/proc/${zombie}/stat`, "utf8")).toContain(") Z ");
  expect(identify(zombie)).toBeUndefined();
  expect(isSameProcess(identity)).toBe(false);
});

test.runIf(onLinux)("a process may have any name, even one that looks like columns of /proc/PID/stat", async () => {
  const { pid } = await start(`process.title = "a) Z 1 (b"; console.log("up"); ${WAIT}`);
  expect(identify(pid)).toMatchObject({ pid });
  expect(familyOf(process.pid)).toContain(pid);
});

test("a family is a process and all of its descendants, itself first", async () => {
  const { pid, line } = await start(`
    const grand = 'console.log(process.pid); ${WAIT}';
    const child = require("node:child_process").spawn(process.execPath, ["-e", grand]);
    child.stdout.once("data", (data) => console.log(child.pid, String(data).trim()));
    ${WAIT}`);
  const child = Number(line.split(" ")[0]);
  expect(familyOf(pid)).toEqual([pid, child]);
  expect(familyOf(process.pid)).toEqual(expect.arrayContaining([process.pid, pid, child]));
  process.kill(child, "SIGKILL");
});

test("what a thread of a process has started belongs to its family", async () => {
  const { pid, line } = await start(`
    const { Worker } = require("node:worker_threads");
    new Worker('require("node:worker_threads").parentPort.postMessage(' +
      'require("node:child_process").spawn("sleep", ["1000"], { stdio: "ignore" }).pid); ${WAIT}', { eval: true })
      .on("message", (child) => console.log(child));`);
  const child = Number(line);
  onTestFinished(() => void process.kill(child, "SIGKILL"));
  expect(familyOf(pid)).toEqual([pid, child]);
});
