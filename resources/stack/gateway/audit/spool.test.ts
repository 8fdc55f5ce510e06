import { describe, expect, it } from "vitest";
import { eventually } from "../testing/lab.ts";
import type { AuditEntry } from "./entry.ts";
import { AuditSpool } from "./spool.ts";
import { RowRefused } from "./writer.ts";

function entry(reason: string): AuditEntry {
  return {
    callId: reason,
    sessionId: "s",
    turnId: "t",
    tool: "tool",
    arguments: "{}",
    decision: "allow",
    reason,
    decidedAt: new Date(0),
    backend: "b",
    traceId: "",
    spanId: "",
    durationMs: 1,
  };
}

/** A database that takes rows, fails or refuses, as told. */
function spoolInto(written: string[], behave: (batch: readonly AuditEntry[]) => Error | undefined, limit = 1_000) {
  const log: string[] = [];
  const spool = new AuditSpool(
    async (batch) => {
      await new Promise((resolve) => setImmediate(resolve));
      const error = behave(batch);
      if (error) throw error;
      written.push(...batch.map(({ reason }) => reason));
    },
    { limit, log: (line) => log.push(line), promptMs: 0, intervalMs: 0, shortestRetryMs: 1, longestRetryMs: 4 },
  );
  return { spool, log };
}

const numbers = (count: number): string[] => Array.from({ length: count }, (_, index) => String(index));

describe("AuditSpool", () => {
  it("writes in order, many at a time", async () => {
    const written: string[] = [];
    let statements = 0;
    const { spool } = spoolInto(written, () => {
      statements += 1;
      return undefined;
    });
    for (const reason of numbers(300)) spool.add(entry(reason));
    expect(await spool.drain(2_000)).toBe(0);
    expect(written).toEqual(numbers(300));
    expect(statements).toBeLessThan(10);
    expect(spool).toMatchObject({ written: 300, pending: 0, dropped: 0 });
  });

  it("keeps the order and loses nothing while the database comes and goes", async () => {
    const written: string[] = [];
    let attempts = 0;
    const { spool, log } = spoolInto(written, () => {
      attempts += 1;
      return attempts % 3 === 0 ? undefined : new Error("connection refused");
    });
    for (const reason of numbers(100)) {
      spool.add(entry(reason));
      if (Number(reason) % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    expect(spool.failing || spool.pending > 0 || written.length > 0).toBe(true);
    await eventually(
      () => written.length,
      (count) => count === 100,
    );
    expect(written).toEqual(numbers(100));
    expect(log[0]).toMatch(/rows cannot be written \(connection refused\)/);
    expect(log.at(-1)).toMatch(/takes rows again/);
    expect(spool.failing).toBe(false);
  });

  it("drops and counts the newest beyond its limit", async () => {
    const written: string[] = [];
    let away = true;
    const { spool, log } = spoolInto(written, () => (away ? new Error("away") : undefined), 10);
    for (const reason of numbers(15)) spool.add(entry(reason));
    expect(spool).toMatchObject({ pending: 10, dropped: 5 });
    expect(log.filter((line) => line.includes("dropped"))).toHaveLength(1);
    away = false;
    await spool.drain(2_000);
    expect(written).toEqual(numbers(10));
  });

  it("passes over a row that the database will never take", async () => {
    const written: string[] = [];
    const { spool } = spoolInto(written, (batch) =>
      batch.some(({ reason }) => reason === "3") ? new RowRefused("no") : undefined,
    );
    for (const reason of numbers(6)) spool.add(entry(reason));
    await spool.drain(2_000);
    expect(written).toEqual(["0", "1", "2", "4", "5"]);
    expect(spool.dropped).toBe(1);
  });

  it("gives up draining when its time is over, and says how much is left", async () => {
    const { spool } = spoolInto([], () => new Error("away"));
    spool.add(entry("0"));
    expect(await spool.drain(30)).toBe(1);
  });
});
