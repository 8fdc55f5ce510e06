import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { temporaryFolder } from "../../testing/temporary-folder.ts";
import { FaultJournal, type JournaledFault } from "./fault-journal.ts";
import { openJournal } from "./journal.ts";

/** Several connections to one journal, as of several processes. */
function journals(count = 1): FaultJournal[] {
  const file = join(temporaryFolder(), "journal.db");
  return Array.from({ length: count }, () => {
    const journal = openJournal(file);
    onTestFinished(() => journal.close());
    return new FaultJournal(journal);
  });
}

const fault = (id: string, change: Partial<JournaledFault> = {}): JournaledFault => ({
  id,
  runId: "run-1",
  stackId: "stack-1",
  kind: "stop",
  target: "server",
  identity: { kind: "process", pid: 7, startedAt: "boot:1" },
  undo: "start",
  intendedWallMs: 1,
  expiresWallMs: 2,
  ...change,
});

describe("the journal of faults", () => {
  test("gives another process all that an undo needs, latest first", () => {
    const [writer, reader] = journals(2);
    const link = fault("b", {
      kind: "latency",
      target: "a->b",
      identity: { kind: "link", api: "http://x", service: "p" },
    });
    writer?.intend(fault("a"));
    writer?.intend(link);
    writer?.applied("b");
    expect(reader?.open("stack-1")).toEqual([
      { ...link, isApplied: true },
      { ...fault("a"), isApplied: false },
    ]);
    expect(reader?.open("stack-2")).toEqual([]);
  });

  test("keeps a fault open until its undo was verified", () => {
    const [journal] = journals();
    for (const id of ["a", "b", "c"]) journal?.intend(fault(id));
    journal?.close("a", "restored");
    journal?.close("b", "changed by someone else");
    journal?.close("c", "not restored");
    expect(journal?.open("stack-1").map(({ id }) => id)).toEqual(["c"]);
    expect(["a", "b", "c"].map((id) => journal?.closedAs(id))).toEqual([
      "restored",
      "changed by someone else",
      undefined,
    ]);
  });

  test("retargets a fault to the instance that a failed undo has started, for the next undo by any process", () => {
    const [lab, watchdog] = journals(2);
    const broken = fault("a");
    lab?.intend(broken);
    const started = { kind: "container", id: "c", startedAt: "later" } as const;
    lab?.retarget(broken, started);
    expect(broken.identity).toEqual(started);
    expect(watchdog?.open("stack-1").map(({ identity }) => identity)).toEqual([started]);
  });

  test("reopens a fault that was applied after another process had undone its intent", () => {
    const [lab, watchdog] = journals(2);
    lab?.intend(fault("a"));
    watchdog?.close("a", "restored");
    lab?.applied("a");
    expect(watchdog?.open("stack-1")).toHaveLength(1);
    expect(lab?.closedAs("a")).toBeUndefined();
  });

  test("refuses the same fault twice", () => {
    const [journal] = journals();
    journal?.intend(fault("a"));
    expect(() => journal?.intend(fault("a"))).toThrow("UNIQUE");
  });

  test("forgets the faults of a removed stack, and of no other", () => {
    const [journal] = journals();
    journal?.intend(fault("a"));
    journal?.intend(fault("b", { stackId: "stack-2" }));
    journal?.forget("stack-1");
    expect([journal?.open("stack-1"), journal?.open("stack-2")?.length]).toEqual([[], 1]);
  });
});

describe("a halt", () => {
  test("by one process keeps every other from journaling a fault, which precedes breaking anything", () => {
    const [lab, other] = journals(2);
    other?.halt(1_700_000_000_000);
    expect(() => lab?.intend(fault("a"))).toThrow(
      expect.objectContaining({ code: "precondition", hint: expect.stringContaining("arm") }),
    );
    expect(lab?.open("stack-1")).toEqual([]);
    expect(other?.arm()).toBe(true);
    lab?.intend(fault("a"));
    expect(lab?.open("stack-1")).toHaveLength(1);
  });

  test("keeps its first time, and arming twice is harmless", () => {
    const [journal] = journals();
    journal?.halt(1);
    journal?.halt(2);
    expect(journal?.haltedSince()).toBe(1);
    expect([journal?.arm(), journal?.arm(), journal?.haltedSince()]).toEqual([true, false, undefined]);
  });

  test("notifies every other process without polling; other writes do not", async () => {
    const [lab, other] = journals(2);
    let notified = 0;
    const failures: unknown[] = [];
    const forget = lab?.onHalted(
      () => notified++,
      (error) => failures.push(error),
    );
    other?.intend(fault("a"));
    other?.applied("a");
    other?.halt(1);
    await expect.poll(() => notified).toBeGreaterThan(0);
    other?.arm();
    forget?.();
    expect(failures).toEqual([]);
  });
});
