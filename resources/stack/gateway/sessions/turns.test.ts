import { describe, expect, it, vi } from "vitest";
import { SessionTurns, type Slot, TurnLockTimeout } from "./turns.ts";

const never = new AbortController().signal;

function turnsWith(options: { lockTtlMs?: number; lockWaitMs?: number; onAbandoned?: (id: string) => void } = {}) {
  return new SessionTurns({ lockTtlMs: 60_000, lockWaitMs: 60_000, ...options });
}

/** Whether a slot was granted without a further event. */
async function isGiven(slot: Promise<Slot>): Promise<boolean> {
  const waiting = Symbol("waiting");
  return (await Promise.race([slot, new Promise((resolve) => setImmediate(resolve, waiting))])) !== waiting;
}

describe("SessionTurns", () => {
  it("runs reads of a turn concurrently", async () => {
    const turns = turnsWith();
    await turns.acquire("t1", false, "read", never);
    expect(await isGiven(turns.acquire("t1", false, "read", never))).toBe(true);
  });

  it("makes a write wait for reads and other writes, and reads for an earlier write", async () => {
    const turns = turnsWith();
    const read = await turns.acquire("t1", false, "read", never);
    const write = turns.acquire("t1", false, "write", never);
    const laterWrite = turns.acquire("t1", false, "write", never);
    const laterRead = turns.acquire("t1", false, "read", never);
    expect(await isGiven(write)).toBe(false);
    read.release();
    expect(await isGiven(write)).toBe(true);
    expect(await isGiven(laterWrite)).toBe(false);
    (await write).release();
    expect(await isGiven(laterWrite)).toBe(true);
    expect(await isGiven(laterRead)).toBe(false);
    (await laterWrite).release();
    expect(await isGiven(laterRead)).toBe(true);
  });

  it("runs turns one after the other, in order of arrival", async () => {
    const turns = turnsWith();
    const first = await turns.acquire("t1", false, "read", never);
    const second = turns.acquire("t2", false, "read", never);
    const third = turns.acquire("t3", false, "read", never);
    const alsoSecond = turns.acquire("t2", false, "read", never);
    expect(await isGiven(second)).toBe(false);
    first.release();
    expect(await isGiven(second)).toBe(true);
    expect(await isGiven(alsoSecond)).toBe(true);
    expect(await isGiven(third)).toBe(false);
    (await second).release();
    expect(await isGiven(third)).toBe(false);
    (await alsoSecond).release();
    expect(await isGiven(third)).toBe(true);
  });

  it("ends an idle turn as soon as another arrives", async () => {
    const turns = turnsWith();
    (await turns.acquire("t1", false, "write", never)).release();
    expect(await isGiven(turns.acquire("t2", false, "write", never))).toBe(true);
  });

  it("counts the calls of a turn that got a slot, also when the turn is resumed", async () => {
    const turns = turnsWith();
    const ordinals: number[] = [];
    for (const id of ["a", "a", "b", "a"]) {
      const slot = await turns.acquire(id, false, "read", never);
      ordinals.push(slot.ordinal);
      slot.release();
    }
    expect(ordinals).toEqual([1, 2, 1, 3]);
  });

  it("does not count a call that timed out", async () => {
    const turns = turnsWith();
    const held = await turns.acquire("t1", false, "write", never);
    const controller = new AbortController();
    const waiting = turns.acquire("t1", false, "write", controller.signal);
    controller.abort(new Error("gone"));
    await expect(waiting).rejects.toThrow("gone");
    held.release();
    expect((await turns.acquire("t1", false, "write", never)).ordinal).toBe(2);
  });

  it("times out when another turn has the session for too long", async () => {
    const turns = turnsWith({ lockWaitMs: 20 });
    const first = await turns.acquire("t1", false, "read", never);
    await expect(turns.acquire("t2", false, "read", never)).rejects.toBeInstanceOf(TurnLockTimeout);
    first.release();
    expect(await isGiven(turns.acquire("t3", false, "read", never))).toBe(true);
  });

  it("waits within a turn without a limit", async () => {
    const turns = turnsWith({ lockWaitMs: 10 });
    const first = await turns.acquire("t1", false, "write", never);
    const second = turns.acquire("t1", false, "write", never);
    await new Promise((resolve) => setTimeout(resolve, 30));
    first.release();
    await expect(second).resolves.toBeDefined();
  });

  it("releases an abandoned turn, and queues its waiting calls again", async () => {
    const onAbandoned = vi.fn();
    const turns = turnsWith({ lockTtlMs: 20, onAbandoned });
    const left = await turns.acquire("t1", false, "write", never);
    const sameTurn = turns.acquire("t1", false, "write", never);
    const other = await turns.acquire("t2", false, "write", never);
    expect(onAbandoned).toHaveBeenCalledWith("t1");
    expect(await isGiven(sameTurn)).toBe(false);
    left.release();
    expect(await isGiven(sameTurn)).toBe(false);
    other.release();
    await expect(sameTurn).resolves.toBeDefined();
  });

  it("does not release a turn that waits for an approval", async () => {
    const turns = turnsWith({ lockTtlMs: 10 });
    const held = await turns.acquire("t1", false, "write", never);
    const approvalIsOver = held.extend();
    const other = turns.acquire("t2", false, "write", never);
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(await isGiven(other)).toBe(false);
    approvalIsOver();
    await expect(other).resolves.toBeDefined();
  });

  it("never runs a write concurrently with other calls, nor two turns at once, for any order of events", async () => {
    const turns = turnsWith();
    const running = new Map<string, { reads: number; writes: number }>();
    let random = 7;
    const next = (below: number): number => {
      random = (random * 1_103_515_245 + 12_345) % 2_147_483_648;
      return random % below;
    };
    const call = async (): Promise<void> => {
      const id = `t${next(4)}`;
      const access = next(2) === 0 ? "read" : "write";
      const slot = await turns.acquire(id, false, access, never);
      const mine = running.get(id) ?? { reads: 0, writes: 0 };
      running.set(id, mine);
      if (access === "read") mine.reads += 1;
      else mine.writes += 1;
      expect([...running.values()].filter(({ reads, writes }) => reads + writes > 0)).toHaveLength(1);
      expect(mine.writes === 0 || (mine.writes === 1 && mine.reads === 0)).toBe(true);
      for (let turn = next(3); turn >= 0; turn -= 1) await new Promise((resolve) => setImmediate(resolve));
      if (access === "read") mine.reads -= 1;
      else mine.writes -= 1;
      slot.release();
    };
    await Promise.all(Array.from({ length: 200 }, call));
  });
});
