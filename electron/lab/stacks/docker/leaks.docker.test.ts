import { readdirSync, readlinkSync } from "node:fs";
import { expect, test } from "vitest";
import { RunningStack } from "../running-stack.ts";
import { describeOnDocker, newRegister, serverService, stackOf, upOnDocker } from "./testing/on-docker.ts";

const never = new AbortController().signal;
/** The first few fill the pools that are kept. */
const FIRST_CYCLES = 3;
/** With the first ones more than the ten listeners of one kind after which Node warns; `npm run soak -- leaks` has many more. */
const CYCLES = Number(process.env.LEAK_CYCLES ?? 9);

/** What this process holds open: sockets by the system's own list, timers and requests by Node's. */
function held(): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) counts[kind] = (counts[kind] ?? 0) + 1;
  if (process.platform === "linux") {
    const targets = readdirSync("/proc/self/fd").flatMap((descriptor) => {
      try {
        return [readlinkSync(`/proc/self/fd/${descriptor}`)];
      } catch {
        return []; // the one that listed them
      }
    });
    counts.sockets = targets.filter((target) => target.startsWith("socket:")).length;
    counts.descriptors = targets.length;
  }
  return counts;
}

describeOnDocker(`${CYCLES} times stopping and starting`, (engine) => {
  test("leaves no socket, listener or handle behind", async () => {
    const running = await upOnDocker(engine, stackOf(serverService("web")));
    const logs = running.followLogs(() => {});
    const warnings: string[] = [];
    const warn = (warning: Error) => warnings.push(`${warning.name}: ${warning.message}`);
    process.on("warning", warn);
    const cycle = async () => {
      await running.driver.stop("web");
      await running.health.waitFor("web", "down", never);
      await running.startAndWait("web", never);
    };
    for (let count = 0; count < FIRST_CYCLES; count++) await cycle();
    const before = held();
    for (let count = 0; count < CYCLES; count++) await cycle();
    // A connection that has just been used is kept for a moment: what counts is that it goes.
    await expect
      .poll(() => Object.entries(held()).filter(([kind, count]) => count > (before[kind] ?? 0) + 1))
      .toEqual([]);
    expect(warnings).toEqual([]);
    process.off("warning", warn);
    await logs.close();
  }, 300_000);

  test("and a stack that is let go leaves nothing at all", async () => {
    const stack = stackOf(serverService("web"));
    const outer = await upOnDocker(engine, stack);
    const before = held();
    const { register, stacksFolder } = newRegister();
    for (let count = 0; count < FIRST_CYCLES + CYCLES; count++) {
      const again = await RunningStack.attach(stack, outer.registered, register, stacksFolder);
      const logs = again.followLogs(() => {});
      await again.health.waitFor("web", "up", never);
      await logs.close();
      await again.close();
    }
    await expect
      .poll(() => Object.entries(held()).filter(([kind, count]) => count > (before[kind] ?? 0) + 1))
      .toEqual([]);
  });
});
