import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, describe, expect, onTestFinished, test } from "vitest";
import { startEngineOnSmallStack } from "../../testing/engine-on-small-stack.ts";
import { temporaryFolder } from "../../testing/temporary-folder.ts";
import { serviceProcessesOf, watchdogsOf } from "../watchdog/testing/process-table.ts";
import type { EngineService } from "./engine-service.ts";

let service: EngineService | undefined;
afterEach(async () => {
  await service?.close().catch(() => {});
  service = undefined;
});

async function startOn(home: string): Promise<EngineService> {
  service = await startEngineOnSmallStack(home);
  return service;
}

/** From now on a table takes no more rows or changes, as if the disk were full; until what it returns is called. */
function fill(home: string, file: string, ...changes: string[]): () => void {
  const database = new Database(join(home, file));
  const names = changes.map((change, index) => [`full_${index}`, change]);
  for (const [name, change] of names) {
    database.exec(`CREATE TRIGGER ${name} BEFORE ${change} BEGIN SELECT raise(ABORT, 'database or disk is full'); END`);
  }
  const empty = () => {
    for (const [name] of names) database.exec(`DROP TRIGGER IF EXISTS ${name}`);
    database.close();
  };
  onTestFinished(() => void (database.open && empty()));
  return empty;
}

const openFaults = (home: string) => {
  const journal = new Database(join(home, "journal.db"), { readonly: true });
  try {
    return journal.prepare("SELECT kind FROM faults WHERE state <> 'closed'").pluck().all();
  } finally {
    journal.close();
  }
};

// Only Linux shows the state of other processes.
describe.runIf(process.platform === "linux")("quitting", () => {
  test("a manual session on a full disk ends when all is restored, and says that it is not recorded", async () => {
    const home = temporaryFolder();
    const engine = await startOn(home);
    await engine.stack.up();
    const { runId } = await engine.faults.apply({ kind: "pause", target: "server" });
    const makeSpace = fill(home, "history.db", "INSERT ON events");
    expect(await engine.faults.undo("all")).toEqual({ undone: 1, residue: [] });
    await expect.poll(() => engine.faults.runId).toBeNull();
    expect(engine.feeds.isOn(runId)).toBe(false);
    expect(engine.notices.list().join()).toMatch(/the manual session is not in the history: .*disk is full/);
    // The next one begins as if nothing had been, and what waits is written once there is space.
    makeSpace();
    const next = await engine.faults.apply({ kind: "pause", target: "server" });
    expect(next.runId).not.toBe(runId);
    await engine.faults.undo("all");
    await expect.poll(async () => (await engine.history.get(runId)).outcome).toBe("passed");
  });

  test("on a full disk undoes everything, ends every process, lets the data folder go, and says what was lost", async () => {
    const home = temporaryFolder();
    const engine = await startOn(home);
    await engine.stack.up();
    await engine.faults.apply({ kind: "pause", target: "server" });
    const makeSpace = [
      fill(home, "history.db", "INSERT ON events"),
      fill(home, "journal.db", "UPDATE ON faults", "DELETE ON faults", "DELETE ON holder", "DELETE ON stacks"),
    ];
    await expect(engine.close()).rejects.toMatchObject({
      code: "residue",
      message: expect.stringContaining("disk is full"),
      hint: expect.stringContaining("the next start of the lab"),
    });
    expect(serviceProcessesOf(home)).toEqual([]);
    expect(watchdogsOf({ home })).toEqual([]);
    for (const make of makeSpace) make();
    const again = await startOn(home);
    expect((await again.stack.status()).state).toBe("down");
    expect(openFaults(home)).toEqual([]);
  });

  test("while a stack that was to stay up is being taken down waits until it is down", async () => {
    const home = temporaryFolder();
    const engine = await startOn(home);
    engine.settings.change({ keepStackUp: true });
    await engine.stack.up();
    const down = engine.stack.down();
    await expect.poll(async () => (await engine.stack.status()).state).toBe("stopping");
    await engine.close();
    await expect(down).resolves.toBeDefined();
    expect(serviceProcessesOf(home)).toEqual([]);
    expect(await left(home)).toEqual({ stacks: 0, faults: [] });
  });

  test("while manual faults are undone before the stack is taken down does both", async () => {
    const home = temporaryFolder();
    const engine = await startOn(home);
    engine.settings.change({ keepStackUp: true });
    await engine.stack.up();
    await engine.faults.apply({ kind: "stop", target: "server" });
    const down = engine.stack.down();
    await engine.close();
    await expect(down).resolves.toBeDefined();
    expect(serviceProcessesOf(home)).toEqual([]);
    expect(await left(home)).toEqual({ stacks: 0, faults: [] });
  });

  test("once the lab is ending nothing is started or broken any more", async () => {
    const engine = await startOn(temporaryFolder());
    await engine.stack.up();
    const closing = engine.close();
    await expect(engine.stack.up()).rejects.toThrow("the lab is ending");
    await expect(engine.faults.apply({ kind: "pause", target: "server" })).rejects.toThrow("the lab is ending");
    await expect(engine.faults.startService("server")).rejects.toThrow("the lab is ending");
    await closing;
  });
});

async function left(home: string) {
  const journal = new Database(join(home, "journal.db"), { readonly: true });
  const stacks = journal.prepare("SELECT count(*) FROM stacks").pluck().get();
  journal.close();
  return { stacks, faults: openFaults(home) };
}
