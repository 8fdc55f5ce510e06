import { type ChildProcess, spawn } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { AbleToAct } from "./process-usage.ts";

const ROUNDS = 20;
const ROUND_MS = 50;

/** The share of a second in which a process could act, by its own account; the rest it waited for a processor. */
async function shareAbleToAct(pid: number): Promise<number> {
  const able = new AbleToAct(pid);
  const startedMs = performance.now();
  let [sum, checkedMs] = [0, startedMs];
  for (let round = 0; round < ROUNDS; round++) {
    await delay(ROUND_MS);
    const nowMs = performance.now();
    sum += able.ms(nowMs - checkedMs);
    checkedMs = nowMs;
  }
  return sum / (checkedMs - startedMs);
}

function start(command: string, ...args: string[]): ChildProcess {
  const child = spawn(command, args, { stdio: "ignore" });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

test.skipIf(process.platform !== "linux")("a process that sleeps, or is stopped, could act all the time", async () => {
  const { pid = 0 } = start("sleep", "1000");
  expect(await shareAbleToAct(pid)).toBeCloseTo(1);
  process.kill(pid, "SIGSTOP");
  expect(await shareAbleToAct(pid)).toBeCloseTo(1);
});

test.skipIf(process.platform !== "linux")(
  "one that others keep from the processor could act only while it ran",
  async () => {
    const spin = () => start("taskset", "-c", "0", "sh", "-c", "while :; do :; done");
    const [{ pid = 0 }] = [spin(), spin(), spin(), spin()] as const;
    const share = await shareAbleToAct(pid);
    expect(share).toBeGreaterThan(0);
    expect(share).toBeLessThan(0.6);
  },
);
