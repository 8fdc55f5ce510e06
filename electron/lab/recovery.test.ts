import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { bringUpSmallStack, LINK, type SmallStack } from "../testing/small-stack.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { send } from "../testing/through-link.ts";
import { recover } from "./recovery.ts";
import { processesOfStack } from "./stacks/process-driver.ts";

let folder: string;
let stack: SmallStack;
let isUp: boolean;
beforeEach(async () => {
  folder = temporaryFolder();
  stack = await bringUpSmallStack(folder);
  isUp = true;
  // Closed, as after the death of its lab: nothing monitors it any more.
  await stack.running.close();
});
afterEach(async () => {
  if (isUp) await stack.running.down();
  stack.journal.close();
});

const never = new AbortController().signal;
const start = () => recover(stack.undoParts, AbortSignal.timeout(20_000));
const id = () => stack.running.registered.id;
const notKept = () => stack.journal.database.prepare("UPDATE stacks SET kept = 0").run();

describe("the start after a lab has died", () => {
  test("finds nothing to do where nothing was left", async () => {
    expect(await start()).toEqual([]);
    expect(stack.register.list()).toHaveLength(1);
  });

  test("takes down a stack that was only up for its runs, with its faults", async () => {
    const { injector } = stack.injector();
    await injector.apply({ pause: "server" }, never);
    await injector.apply({ down: LINK }, never);
    notKept();
    expect(await start()).toMatchObject([{ what: expect.stringMatching(/^took down small/), isRestored: true }]);
    isUp = false;
    expect([stack.register.list(), stack.faults.open(id())]).toEqual([[], []]);
    expect(processesOfStack(id())).toEqual([]);
    expect(existsSync(join(folder, "stacks", id()))).toBe(false);
    expect(await start()).toEqual([]);
  });

  test("takes down a stack with a process that was started and not yet journaled", async () => {
    const server = stack.register.processes(id()).find(({ service }) => service === "server");
    if (server === undefined) throw new Error("there should be one");
    stack.register.setProcess(id(), "server", server.launch, undefined);
    notKept();
    await start();
    isUp = false;
    expect(processesOfStack(id())).toEqual([]);
  });

  test("restores a stack that stays up, and leaves it up", async () => {
    const { injector } = stack.injector();
    await injector.apply({ kill: "server" }, never);
    await injector.apply({ http_status: LINK, status: 503 }, never);
    const recovered = await start();
    expect(recovered.map(({ isRestored }) => isRestored)).toEqual([true, true]);
    expect(recovered[1]?.what).toMatch("undid kill server, left by a lab that died: restored");
    expect((await send(stack.linkUrl)).status).toBe(200);
    expect(await start()).toEqual([]);
  });

  test("restores what it can when the stack's file is gone", async () => {
    const { injector } = stack.injector();
    await injector.apply({ pause: "server" }, never);
    rmSync(join(folder, "stack.yaml"));
    expect(await start()).toMatchObject([{ isRestored: true }]);
    expect((await send(stack.linkUrl)).status).toBe(200);
  });

  test("reports what it could not restore, and tries again the next time", async () => {
    const { injector } = stack.injector();
    await injector.apply({ kill: "server" }, never);
    const launch = stack.register.processes(id()).find(({ service }) => service === "server")?.launch;
    if (launch === undefined) throw new Error("there should be one");
    stack.register.setProcess(id(), "server", { ...launch, command: ["no-such-program"] }, undefined);
    expect(await start()).toMatchObject([{ isRestored: false, what: expect.stringMatching(/no-such-program/) }]);
    stack.register.setProcess(id(), "server", launch, undefined);
    expect(await start()).toMatchObject([{ isRestored: true }]);
  });

  test("after a reboot signals no process: those of the journal are gone, and their numbers may be reused", async () => {
    const { injector } = stack.injector();
    await injector.apply({ pause: "server" }, never);
    const paused = await stack.running.driver.stateOf("server");
    stack.journal.database.prepare("UPDATE processes SET started_at = 'other-boot:' || started_at").run();
    stack.journal.database
      .prepare("UPDATE faults SET identity = json_set(identity, '$.startedAt', 'other-boot:1')")
      .run();
    expect(await start()).toMatchObject([{ what: expect.stringMatching(/changed by someone else/) }]);
    stack.journal.database.prepare("UPDATE processes SET started_at = substr(started_at, 12)").run();
    expect(await stack.running.driver.stateOf("server")).toEqual(paused);
  });

  test("removes folders of unregistered stacks", async () => {
    const stray = join(folder, "stacks", "stray-1");
    mkdirSync(stray);
    await start();
    expect([existsSync(stray), existsSync(join(folder, "stacks", id()))]).toEqual([false, true]);
  });
});
