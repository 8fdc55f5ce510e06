import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import Database from "better-sqlite3";
import { describe, expect, onTestFinished, test } from "vitest";
import { temporaryFolder } from "../../testing/temporary-folder.ts";
import { identify, thisProcess } from "../process-identity.ts";
import { acquireLock, type Journal, lockOwnerOf, openJournal } from "./journal.ts";

function journalIn(folder: string): Journal {
  const journal = openJournal(join(folder, "journal.db"));
  onTestFinished(() => journal.close());
  return journal;
}

async function anotherProcess(): Promise<{ child: ChildProcess; self: { pid: number; startedAt: string } }> {
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1e6)"], { stdio: "ignore" });
  onTestFinished(() => void child.kill("SIGKILL"));
  await once(child, "spawn");
  const self = identify(child.pid ?? 0);
  if (self === undefined) throw new Error("it has not started");
  return { child, self };
}

describe("the lock on a data folder", () => {
  test("has one owner at a time; another lab gets an error that names it and what to do", async () => {
    const journal = journalIn(temporaryFolder());
    const { self } = await anotherProcess();
    const release = acquireLock(journal, self, "running mcp-crash", 0);
    expect(() => acquireLock(journal, thisProcess, "a run", 0)).toThrow(
      expect.objectContaining({
        code: "busy",
        message: expect.stringContaining(`process ${self.pid}, running mcp-crash`),
      }),
    );
    release();
    acquireLock(journal, thisProcess, "a run", 0)();
    expect(lockOwnerOf(journal)).toBeUndefined();
  });

  test("passes on when its owner has died, for whatever reason", async () => {
    const journal = journalIn(temporaryFolder());
    const { child, self } = await anotherProcess();
    acquireLock(journal, self, "a run", 0);
    child.kill("SIGKILL");
    await once(child, "exit");
    acquireLock(journal, thisProcess, "the next", 1);
    expect(lockOwnerOf(journal)).toMatchObject({ pid: process.pid, purpose: "the next" });
  });

  test("passes on after a reboot, even if a process has the same number again", async () => {
    const journal = journalIn(temporaryFolder());
    const { self } = await anotherProcess();
    acquireLock(journal, { ...self, startedAt: `other-boot:${self.startedAt.split(":").at(-1)}` }, "a run", 0);
    acquireLock(journal, thisProcess, "the next", 1);
    expect(lockOwnerOf(journal)?.pid).toBe(process.pid);
  });

  test("is not released by a process that has lost it", async () => {
    const journal = journalIn(temporaryFolder());
    const { child, self } = await anotherProcess();
    const release = acquireLock(journal, self, "a run", 0);
    child.kill("SIGKILL");
    await once(child, "exit");
    acquireLock(journal, thisProcess, "the next", 1);
    release();
    expect(lockOwnerOf(journal)?.pid).toBe(process.pid);
  });

  test("is independent of the clock, which may be set back: only its owner decides", async () => {
    const journal = journalIn(temporaryFolder());
    const { self } = await anotherProcess();
    acquireLock(journal, self, "a run", 4_000_000_000_000);
    expect(() => acquireLock(journal, thisProcess, "a run", 0)).toThrow("another lab is at work");
  });
});

describe("the journal's file", () => {
  test("is synced to disk at every step", () => {
    const { database } = journalIn(temporaryFolder());
    expect(database.pragma("synchronous", { simple: true })).toBe(2);
  });

  test("of a newer lab is not changed, and refused: without a journal nothing may be broken", () => {
    const folder = temporaryFolder();
    openJournal(join(folder, "journal.db")).close();
    const database = new Database(join(folder, "journal.db"));
    database.pragma("user_version = 999");
    database.close();
    expect(() => openJournal(join(folder, "journal.db"))).toThrow(expect.objectContaining({ code: "read-only" }));
  });
});
