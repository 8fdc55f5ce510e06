import { chmodSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { describe, expect, type TestContext, test } from "vitest";
import { smallScenario, smallStack } from "./small-stack/small-stack.ts";
import { HAS_PROCESS_TABLE, TerminalLab, TOGETHER, until } from "./terminal-lab.ts";

const NOBODY = 65534;
/** Root may write everywhere: then the lab is somebody's who may not. */
const USER = process.getuid?.() === 0 ? NOBODY : undefined;

/** A lab that was killed, and its watchdog with it, while a service of a stack that stays up was paused. */
async function killedInMidRun(context: Pick<TestContext, "onTestFinished">) {
  const lab = TerminalLab.for(context);
  const stack = smallStack(lab, ["well", "stubborn"]);
  const scenario = smallScenario(lab, { method: "{ fault: { pause: stubborn } }, { wait: 10m }" });
  if (USER !== undefined) lab.giveTo(USER, []);
  const say = (...words: string[]) => lab.startAs(USER, ...words).ended;
  expect((await say("stack", "up", "--stack", stack, "--ports", "auto")).code).toBe(0);
  const run = lab.startAs(USER, "run", scenario, "--stack", stack);
  await run.says(/step +wait for 10 min/);
  await lab.cutPower();
  expect(stateOf(lab, "stubborn")).toBe("T");
  return { lab, say };
}

/** By the kernel: `T` is stopped by a signal. */
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
  test("is said by `stack status` and `history list`, which change nothing, and restored by what they say to type", async (context) => {
    const { lab, say } = await killedInMidRun(context);
    const before = journalOf(lab);
    const status = await say("stack", "status");
    const list = await say("history", "list");
    expect(list.out).toMatch(/interrupted .*small/);
    for (const { out, err } of [status, list]) {
      expect(out + err).toMatch(
        /NOT restored: a lab \(process \d+, running small\).*\n +fault pause stubborn \(undo: /,
      );
      expect(out + err).toContain("`resilience-lab stack restore`");
    }
    expect([status.code, list.code]).toEqual([1, 0]);
    expect([journalOf(lab), stateOf(lab, "stubborn")]).toEqual([before, "T"]);

    const restored = await say("stack", "restore");
    expect(restored).toMatchObject({
      code: 0,
      out: expect.stringMatching(/recovered: undid pause stubborn.*restored/),
    });
    expect(stateOf(lab, "stubborn")).not.toBe("T");
    const after = await say("stack", "status");
    expect(after).toMatchObject({ code: 0, out: expect.not.stringContaining("NOT restored") });
    expect((await say("stack", "down")).code).toBe(0);
  });

  test("in a data folder that may only be read is said, and undone by `halt`, which says that it cannot write", async (context) => {
    const { lab, say } = await killedInMidRun(context);
    setWritable(lab.home, false);
    context.onTestFinished(() => setWritable(lab.home, true));
    const list = await say("history", "list");
    expect(list).toMatchObject({ code: 0, out: expect.stringMatching(/interrupted .*small/) });
    expect(list.err).toContain("fault pause stubborn");
    expect(await say("stack", "status")).toMatchObject({ code: 1, out: expect.stringContaining("pause stubborn") });
    const halted = await say("halt");
    await until("it runs again", () => stateOf(lab, "stubborn") !== "T");
    expect(halted).toMatchObject({ code: 1, out: expect.stringContaining("pause stubborn: restored") });
    expect(halted.err).toMatch(/faults can still be applied, since the journal cannot be written/);
  });

  test("by a stack that was only up for its run is said, and taken down by what is said to be typed", async (context) => {
    const lab = TerminalLab.for(context);
    const stack = smallStack(lab, ["well"]);
    const scenario = smallScenario(lab, { method: "{ wait: 10m }" });
    const run = lab.start("run", scenario, "--stack", stack, "--ports", "auto");
    await run.says(/step +wait for 10 min/);
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

  test("is listed and shown from a data folder that may only be read", async (context) => {
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

  test("is listed and shown on a disk that has no room for a single byte", async (context) => {
    const lab = TerminalLab.for(context);
    await withOneRun(lab);
    const list = await lab.startAs(USER, "history", "list").ended;
    const [id = ""] = list.out.split(" ");
    expect(await lab.startOnFullDisk(USER, "history", "list").ended).toMatchObject({ code: 0, out: list.out });
    const show = await lab.startOnFullDisk(USER, "history", "show", id).ended;
    expect(show).toMatchObject({ code: 0, out: expect.stringContaining("PASSED") });
  });
});
