import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { eventually } from "../testing/lab.ts";
import { decisionRowText } from "./decision-row.ts";
import type { AuditEntry } from "./entry.ts";
import { Spool } from "./spool.ts";
import { SpoolFiles } from "./spool-files.ts";
import { RowRefused } from "./writer.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gateway-spool-"));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function entry(callId: string): AuditEntry {
  return {
    callId,
    sessionId: "s",
    turnId: "t",
    tool: "tool",
    arguments: "{}",
    decision: "allow",
    reason: "r",
    decidedAt: new Date(0),
    backend: "b",
    traceId: "",
    spanId: "",
    durationMs: 1,
  };
}

const callOf = (row: string): string => JSON.parse(row)[0];

interface Behaviour {
  /** The database's failure for these calls' rows; undefined: it accepts them. */
  answer?: (calls: readonly string[]) => Error | undefined;
  limit?: number;
  intervalMs?: number;
  intervalMsARow?: number;
}

/** A spool into a database that accepts, fails or refuses rows as configured. */
function spoolInto(
  written: string[],
  { answer = () => undefined, limit = 1_000, intervalMs = 0, intervalMsARow = intervalMs }: Behaviour = {},
) {
  const log: string[] = [];
  const write = async (rows: readonly string[]): Promise<void> => {
    await new Promise((resolve) => setImmediate(resolve));
    const calls = rows.map(callOf);
    const error = answer(calls);
    if (error) throw error;
    written.push(...calls);
  };
  const times = { promptMs: 0, intervalMs, intervalMsARow, shortestRetryMs: 1, longestRetryMs: 4 };
  const rows = { name: "audit", rowText: decisionRowText, limit, log: (line: string) => log.push(line) };
  const spool = new Spool<AuditEntry>(write, new SpoolFiles(folder, "audit"), { ...rows, ...times });
  return { spool, log };
}

const outage = () => new Error("unavailable");

const numbers = (count: number): string[] => Array.from({ length: count }, (_, index) => String(index));

/** The calls whose rows are on disk, in the order of the files. */
function callsOnDisk(): string[] {
  const texts = readdirSync(folder)
    .sort()
    .map((name) => readFileSync(join(folder, name), "utf8"));
  return texts.flatMap((text) => text.split("\n").filter(Boolean)).map(callOf);
}

describe("Spool", () => {
  it("batches rows between two writes, and writes at once if a reader is waiting", async () => {
    const written: string[] = [];
    const { spool } = spoolInto(written, { intervalMs: 1_000_000 });
    await spool.add(entry("first"));
    await eventually(
      () => spool.pending,
      (pending) => pending === 0,
    );
    for (const call of ["second", "third"]) await spool.add(entry(call));
    expect(spool.pending).toBe(2);
    for (let asked = 0; asked < 3; asked++) spool.hasten();
    await eventually(
      () => spool.pending,
      (pending) => pending === 0,
    );
    expect(written).toEqual(["first", "second", "third"]);
    await spool.drain(1_000);
  });

  it("holds a row up for longer the more rows the last statement had", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    onTestFinished(() => void vi.useRealTimers());
    const written: string[] = [];
    const { spool } = spoolInto(written, { intervalMs: 100, intervalMsARow: 10 });
    const addThenWait = async (rows: number, ms: number) => {
      for (const call of numbers(rows)) void spool.add(entry(call));
      await vi.advanceTimersByTimeAsync(ms);
      await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
      return written.length;
    };
    expect(await addThenWait(1, 1)).toBe(1);
    expect(await addThenWait(3, 10)).toBe(4);
    expect(await addThenWait(50, 10)).toBe(4);
    expect(await addThenWait(0, 20)).toBe(54);
    expect(await addThenWait(1, 90)).toBe(54);
    expect(await addThenWait(0, 10)).toBe(55);
    await spool.drain(1_000);
  });

  it("writes in order, in batches", async () => {
    const written: string[] = [];
    let statements = 0;
    const { spool } = spoolInto(written, {
      answer: () => {
        statements += 1;
        return undefined;
      },
    });
    for (const call of numbers(300)) void spool.add(entry(call));
    expect(await spool.drain(2_000)).toBe(0);
    expect(written).toEqual(numbers(300));
    expect(statements).toBeLessThan(10);
    expect(spool).toMatchObject({ written: 300, pending: 0, dropped: 0 });
  });

  it("keeps the order and loses nothing during repeated outages", async () => {
    const written: string[] = [];
    let attempts = 0;
    const { spool, log } = spoolInto(written, {
      answer: () => {
        attempts += 1;
        return attempts % 3 === 0 ? undefined : new Error("connection refused");
      },
    });
    for (const call of numbers(100)) {
      void spool.add(entry(call));
      if (Number(call) % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await eventually(
      () => written.length,
      (count) => count === 100,
    );
    expect(written).toEqual(numbers(100));
    expect(log[0]).toMatch(/rows cannot be written \(connection refused\)/);
    expect(log.at(-1)).toMatch(/accepts rows again/);
    expect(spool.failing).toBe(false);
  });

  it("drops and counts the newest rows beyond its limit", async () => {
    const written: string[] = [];
    let isDown = true;
    const { spool, log } = spoolInto(written, { answer: () => (isDown ? outage() : undefined), limit: 10 });
    for (const call of numbers(15)) void spool.add(entry(call));
    expect(spool).toMatchObject({ pending: 10, dropped: 5 });
    expect(log.filter((line) => line.includes("dropped"))).toHaveLength(1);
    isDown = false;
    await spool.drain(2_000);
    expect(written).toEqual(numbers(10));
  });

  it("skips a row that the database refuses permanently", async () => {
    const written: string[] = [];
    const { spool } = spoolInto(written, {
      answer: (calls) => (calls.includes("3") ? new RowRefused("no") : undefined),
    });
    for (const call of numbers(6)) void spool.add(entry(call));
    await spool.drain(2_000);
    expect(written).toEqual(["0", "1", "2", "4", "5"]);
    expect(spool.dropped).toBe(1);
    expect(callsOnDisk()).toEqual([]);
  });

  it("stops draining at its deadline, and reports the number of remaining rows", async () => {
    const { spool } = spoolInto([], { answer: outage });
    void spool.add(entry("0"));
    expect(await spool.drain(30)).toBe(1);
    expect(callsOnDisk()).toEqual(["0"]);
  });
});

describe("the spool on disk", () => {
  it("has a row by the time that add resolves, readable by its owner only", async () => {
    const { spool } = spoolInto([], { answer: outage });
    const first = spool.add(entry("0"));
    const second = spool.add(entry("1"));
    expect(callsOnDisk()).toEqual([]);
    await first;
    expect(callsOnDisk()).toEqual(["0", "1"]);
    await second;
    const [name = ""] = readdirSync(folder);
    expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
  });

  it("is written by the next gateway, before its own rows", async () => {
    const first = spoolInto([], { answer: outage });
    for (const call of ["0", "1", "2"]) await first.spool.add(entry(call));
    // The first is not used any more, as if it had been killed.
    const written: string[] = [];
    const second = spoolInto(written);
    expect(second.spool.pending).toBe(3);
    await second.spool.add(entry("3"));
    await second.spool.caughtUp;
    expect(written.slice(0, 3)).toEqual(["0", "1", "2"]);
    await second.spool.drain(2_000);
    expect(written).toEqual(["0", "1", "2", "3"]);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("shares its folder with the rows of another table without reading them", async () => {
    writeFileSync(join(folder, "calls-00000001.jsonl"), '["other"]\n');
    const written: string[] = [];
    const { spool } = spoolInto(written);
    await spool.add(entry("0"));
    await spool.drain(2_000);
    expect(written).toEqual(["0"]);
    expect(readdirSync(folder)).toEqual(["calls-00000001.jsonl"]);
  });

  it("skips a row that was cut off, and keeps those before it", async () => {
    writeFileSync(join(folder, "audit-00000007.jsonl"), '["0"]\n["1"]\n["2');
    const written: string[] = [];
    const { spool } = spoolInto(written);
    await spool.add(entry("3"));
    await spool.drain(2_000);
    expect(written).toEqual(["0", "1", "3"]);
  });

  it("is deleted file by file as rows reach the database, also if some are always pending", async () => {
    let allowed = 0;
    const written: string[] = [];
    const answer = () => (written.length < allowed ? undefined : outage());
    const { spool } = spoolInto(written, { answer, limit: 10_000 });
    const megabyte = { arguments: JSON.stringify("x".repeat(1_048_576)) };
    for (const call of numbers(4)) await spool.add({ ...entry(call), ...megabyte });
    expect(readdirSync(folder)).toHaveLength(4);
    allowed = 1;
    await eventually(
      () => written.length,
      (count) => count > 0,
    );
    await spool.add(entry("last"));
    expect(callsOnDisk()).toEqual([...numbers(4), "last"].slice(written.length));
    allowed = Number.POSITIVE_INFINITY;
    expect(await spool.drain(5_000)).toBe(0);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("reports a write failure, and the rows still reach the database", async () => {
    const written: string[] = [];
    let isDown = true;
    const { spool, log } = spoolInto(written, { answer: () => (isDown ? outage() : undefined) });
    rmSync(folder, { recursive: true });
    // The open file was unlinked, so a next start would not find its rows; a new file cannot be created.
    for (const call of numbers(3)) void spool.add({ ...entry(call), arguments: JSON.stringify("x".repeat(1_100_000)) });
    await spool.add(entry("3"));
    await spool.add(entry("4"));
    expect(spool.unsaved).toBe(1);
    expect(spool.saveError).toMatch(/ENOENT/);
    expect(log.join()).toMatch(/in memory only/);
    isDown = false;
    expect(await spool.drain(2_000)).toBe(0);
    expect(written).toEqual(numbers(5));
    expect(existsSync(folder)).toBe(false);
  });
});
