import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { lastingFolder } from "../../testing/lasting-folder.ts";
import { bringUpSmallStack, LINK, type SmallStack } from "../../testing/small-stack.ts";
import { send } from "../../testing/through-link.ts";
import { openHomeToUndo } from "../home.ts";
import { recover } from "../recovery.ts";
import { reportUnrestored } from "../unrestored.ts";
import { expireStanding } from "../watchdog/expire-standing.ts";
import { applyStanding } from "./standing-fault.ts";
import { undoOpenFaults } from "./undo-open-faults.ts";

const folder = lastingFolder();
let stack: SmallStack;
beforeAll(async () => {
  stack = await bringUpSmallStack(folder);
});
afterAll(() => stack.close());

const limit = () => AbortSignal.timeout(20_000);
const open = () => stack.faults.open(stack.running.registered.id);
const expire = () => stack.journal.database.prepare("UPDATE faults SET expires_wall_ms = 1").run();
afterEach(async () => {
  await undoOpenFaults(stack.running.registered, stack.undoParts, "latest first", limit());
  expect(open()).toEqual([]);
  expect((await send(stack.linkUrl)).status).toBe(200);
});

describe("a standing fault", () => {
  test("is left by the next start, and is not reported as unrestored", async () => {
    await applyStanding({ stop: "server" }, stack.running, stack.faults);
    await applyStanding({ http_status: LINK, status: 503 }, stack.running, stack.faults);
    expect(await recover(stack.undoParts, limit())).toEqual([]);
    expect(reportUnrestored(stack.journal)).toEqual([]);
    expect(open().map(({ kind, isStanding }) => [kind, isStanding])).toEqual([
      ["http_status", true],
      ["stop", true],
    ]);
    expect((await stack.running.driver.stateOf("server")).is).toBe("stopped");
  });

  test("that has expired is undone by the next start", async () => {
    await applyStanding({ pause: "server" }, stack.running, stack.faults);
    expire();
    expect(await recover(stack.undoParts, limit())).toMatchObject([{ isRestored: true }]);
    expect((await stack.running.driver.stateOf("server")).is).toBe("running");
  });

  test("that was only intended is undone by the next start", async () => {
    await applyStanding({ pause: "server" }, stack.running, stack.faults);
    stack.journal.database.prepare("UPDATE faults SET state = 'intended' WHERE state = 'applied'").run();
    expect(reportUnrestored(stack.journal)).not.toEqual([]);
    expect(await recover(stack.undoParts, limit())).toMatchObject([{ isRestored: true }]);
  });

  test("is not applied while faults are halted, nor where its target is broken already", async () => {
    stack.faults.halt(Date.now());
    await expect(applyStanding({ stop: "server" }, stack.running, stack.faults)).rejects.toMatchObject({
      code: "precondition",
    });
    stack.faults.arm();
    await applyStanding({ stop: "server" }, stack.running, stack.faults);
    await expect(applyStanding({ kill: "server" }, stack.running, stack.faults)).rejects.toThrow(/already stopped/);
    expect(open()).toHaveLength(1);
  });

  test("is undone when it expires; the wait ends when none is in force", async () => {
    const home = {
      ...openHomeToUndo(folder),
      journalFile: join(folder, "journal.db"),
      stacksFolder: join(folder, "stacks"),
    };
    await applyStanding({ stop: "server" }, stack.running, stack.faults);
    await applyStanding({ http_status: LINK, status: 503 }, stack.running, stack.faults);
    const lines: string[] = [];
    const waiting = expireStanding(home, (line) => lines.push(line));
    // A change of the journal wakes it.
    expire();
    await waiting;
    expect(lines.sort()).toEqual([
      expect.stringMatching(/^http_status caller->server has expired: restored/),
      expect.stringMatching(/^stop server has expired: restored/),
    ]);
    expect(open()).toEqual([]);
  });
});
