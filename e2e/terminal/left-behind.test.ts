import { chmodSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { describe, expect, type TestContext, test } from "vitest";
import { smallScenario, smallStack } from "./small-stack/small-stack.ts";
import { HAS_PROCESS_TABLE, TerminalLab, TOGETHER, until } from "./terminal-lab.ts";

const NOBODY = 65534;
/** Root may write everywhere: the lab then runs as a user who may not. */
const USER = process.getuid?.() === 0 ? NOBODY : undefined;

/** A lab that was killed together with its watchdog while a service of a kept stack was paused. */
async function killedInMidRun(context: Pick<TestContext, "onTestFinished">) {
  const lab = TerminalLab.for(context);
  const stack = smallStack(lab, ["well", "stubborn"]);
  const scenario = smallScenario(lab, { method: "{ fault: { pause: stubborn } }, { wait: 10m }" });
  if (USER !== undefined) lab.giveTo(USER, []);
  const run = (...args: string[]) => lab.startAs(USER, ...args).ended;
  expect((await run("stack", "up", "--stack", stack, "--ports", "auto")).code).toBe(0);
  const session = lab.startAs(USER, "run", scenario, "--stack", stack);
  await session.prints(/step +wait for 10 min/);
  await lab.cutPower();
  expect(stateOf(lab, "stubborn")).toBe("T");
  return { lab, run };
}

/** Process state from the kernel: `T` is stopped by a signal. */
function stateOf(lab: TerminalLab, service: string): string | undefined {
  const states = lab.processes().flatMap(({ pid }) => {
    const isIt = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0").includes(`MODE=${service}`);
    return isIt ? [/\) (\S)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8"))?.[1]] : [];
  });
  return states[0];
}

function journalOf(lab: TerminalLab): unknown[] {
  const journal = new Database(join(lab.home, "journal.db"), { readonly: true });
  const rows = ["holder", "faults", "stacks", "processes"].map((table) =>
    journal.prepare(`SELECT * FROM ${table}`).all(),
  );
  journal.close();
  return rows;
}

function setWritable(folder: string, isWritable: boolean): void {
  for (const name of [".", ...readdirSync(folder, { recursive: true, encoding: "utf8" })]) {
    const path = join(folder, name);
    const isFolder = statSync(path).isDirectory();
    chmodSync(path, isWritable ? (isFolder ? 0o700 : 0o600) : isFolder ? 0o555 : 0o444);
  }
}

describe.skipIf(!HAS_PROCESS_TABLE)("what a lab that was killed with its watchdog has left broken", TOGETHER, () => {
  test("is reported by `stack status` and `history list`, which change nothing, and restored by the command they name", async (context) => {
    const { lab, run } = await killedInMidRun(context);
    const before = journalOf(lab);
    const status = await run("stack", "status");
    const list = await run("history", "list");
    expect(list.out).toMatch(/interrupted .*small/);
    for (const { out, err } of [status, list]) {
      expect(out + err).toMatch(
        /NOT restored: a lab \(process \d+, running small\).*\n +fault pause stubborn \(undo: /,
      );
      expect(out + err).toContain("`resilience-lab stack restore`");
    }
    expect([status.code, list.code]).toEqual([1, 0]);
    expect([journalOf(lab), stateOf(lab, "stubborn")]).toEqual([before, "T"]);

    const restored = await run("stack", "restore");
    expect(restored).toMatchObject({
      code: 0,
      out: expect.stringMatching(/recovered: undid pause stubborn.*restored/),
    });
    expect(stateOf(lab, "stubborn")).not.toBe("T");
    const after = await run("stack", "status");
    expect(after).toMatchObject({ code: 0, out: expect.not.stringContaining("NOT restored") });
    expect((await run("stack", "down")).code).toBe(0);
  });

  test("in a read-only data folder is reported, and undone by `halt`, which reports that it cannot write", async (context) => {
    const { lab, run } = await killedInMidRun(context);
    setWritable(lab.home, false);
    context.onTestFinished(() => setWritable(lab.home, true));
    const list = await run("history", "list");
    expect(list).toMatchObject({ code: 0, out: expect.stringMatching(/interrupted .*small/) });
    expect(list.err).toContain("fault pause stubborn");
    expect(await run("stack", "status")).toMatchObject({ code: 1, out: expect.stringContaining("pause stubborn") });
    const halted = await run("halt");
    await until("it runs again", () => stateOf(lab, "stubborn") !== "T");
    expect(halted).toMatchObject({ code: 1, out: expect.stringContaining("pause stubborn: restored") });
    expect(halted.err).toMatch(/faults can still be applied, since the journal cannot be written/);
  });

  test("by a stack that was up only for its run is reported, and taken down by the command named", async (context) => {
    const lab = TerminalLab.for(context);
    const stack = smallStack(lab, ["well"]);
    const scenario = smallScenario(lab, { method: "{ wait: 10m }" });
    const run = lab.start("run", scenario, "--stack", stack, "--ports", "auto");
    await run.prints(/step +wait for 10 min/);
    await lab.cutPower();
    expect(await lab.run("stack", "status")).toMatchObject({
      code: 1,
      out: expect.stringMatching(
        /no stack is up.*\nNOT restored: .*\n +stack small .*\n.*`resilience-lab stack restore`/s,
      ),
    });
    await lab.run("stack", "restore");
    expect(lab.processes()).toEqual([]);
    expect((await lab.run("stack", "status")).out).not.toContain("NOT restored");
  });
});

describe.skipIf(!HAS_PROCESS_TABLE)("a history that was closed well", TOGETHER, () => {
  async function withOneRun(lab: TerminalLab): Promise<void> {
    const stack = smallStack(lab, ["well"]);
    const scenario = smallScenario(lab);
    if (USER !== undefined) lab.giveTo(USER, []);
    const { code, out } = await lab.startAs(USER, "run", scenario, "--stack", stack, "--ports", "auto").ended;
    expect(code, out).toBe(0);
  }

  test("is listed and shown from a read-only data folder", async (context) => {
    const lab = TerminalLab.for(context);
    await withOneRun(lab);
    setWritable(lab.home, false);
    context.onTestFinished(() => setWritable(lab.home, true));
    const list = await lab.startAs(USER, "history", "list").ended;
    expect(list).toMatchObject({ code: 0, out: expect.stringMatching(/passed .*small/) });
    const [id = ""] = list.out.split(" ");
    const show = await lab.startAs(USER, "history", "show", id).ended;
    expect(show).toMatchObject({ code: 0, out: expect.stringContaining("PASSED") });
    const halted = await lab.startAs(USER, "halt").ended;
    expect(halted.err).toMatch(/faults can still be applied, since the journal cannot be written/);
  });

  test("is listed and shown on a full disk", async (context) => {
    const lab = TerminalLab.for(context);
    await withOneRun(lab);
    const list = await lab.startAs(USER, "history", "list").ended;
    const [id = ""] = list.out.split(" ");
    expect(await lab.startOnFullDisk(USER, "history", "list").ended).toMatchObject({ code: 0, out: list.out });
    const show = await lab.startOnFullDisk(USER, "history", "show", id).ended;
    expect(show).toMatchObject({ code: 0, out: expect.stringContaining("PASSED") });
  });
});
