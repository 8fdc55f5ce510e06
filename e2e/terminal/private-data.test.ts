import { spawnSync } from "node:child_process";
import { chmodSync, chownSync, lstatSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { describe, expect, test } from "vitest";
import { smallScenario, smallStack } from "./small-stack/small-stack.ts";
import { HAS_PROCESS_TABLE, TerminalLab, TOGETHER, until } from "./terminal-lab.ts";

const AUTO = ["--ports", "auto"];
/** An account that runs neither the lab nor the database of a lab run by root. */
const OUTSIDER = 65_533;
const IS_ROOT = process.getuid?.() === 0;
const FAULT = "{ fault: { stop: well, for: 60s } }, { wait: 60s }";

/** Every file and folder below, itself first. */
function everything(folder: string): string[] {
  const found = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return [folder, ...found.map((name) => join(folder, name))];
}

/** What another user could open or list, by the file modes and, as root, by trying as that user. */
function openToOthers(folder: string): string[] {
  const all = everything(folder).filter((path) => !lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink());
  const byMode = all.filter((path) => ((statSync(path, { throwIfNoEntry: false })?.mode ?? 0) & 0o077) !== 0);
  return [...new Set([...byMode, ...(IS_ROOT ? readableBy(OUTSIDER, all) : [])])];
}

function readableBy(user: number, paths: readonly string[]): string[] {
  const script = `
    const { closeSync, openSync, readFileSync } = require("node:fs");
    const opened = JSON.parse(readFileSync(0, "utf8")).filter((path) => {
      try { closeSync(openSync(path, "r")); return true; } catch { return false; }
    });
    console.log(JSON.stringify(opened));`;
  const options = { uid: user, gid: user, cwd: "/", input: JSON.stringify(paths), encoding: "utf8" } as const;
  const { stdout, stderr } = spawnSync(process.execPath, ["-e", script], options);
  expect(stderr).toBe("");
  return JSON.parse(stdout);
}

function modeOf(path: string): number {
  return statSync(path).mode & 0o7777;
}

function onlyRun(lab: TerminalLab): string {
  const database = new Database(join(lab.home, "history.db"), { readonly: true });
  try {
    return (database.prepare("SELECT id FROM runs").get() as { id: string }).id;
  } finally {
    database.close();
  }
}

/** As created by an earlier version or by mkdir: readable by everyone. */
function openFolder(lab: TerminalLab): void {
  chmodSync(lab.folder, 0o755);
  mkdirSync(join(lab.home, "scenarios"), { recursive: true });
  new Database(join(lab.home, "history.db")).exec("CREATE TABLE earlier (x)").close();
  for (const path of everything(lab.home)) chmodSync(path, statSync(path).isDirectory() ? 0o755 : 0o644);
}

describe.skipIf(!HAS_PROCESS_TABLE)("what a lab keeps", TOGETHER, () => {
  test("is accessible to its owner only, from start to end, also in a folder that everyone could read", async (context) => {
    const lab = TerminalLab.for(context);
    openFolder(lab);
    expect((await lab.run("stack", "up", ...AUTO)).code).toBe(0);
    expect(openToOthers(lab.home)).toEqual([]);
    // The files inside are protected by their own modes, should the folder be opened again.
    chmodSync(lab.home, 0o755);
    expect(openToOthers(lab.home)).toEqual([lab.home]);
    expect((await lab.run("run", "mcp-crash")).code).toBe(0);
    expect((await lab.run("halt")).code).toBe(0);
    const id = onlyRun(lab);
    const bundle = join(lab.folder, "run.zip");
    const report = join(lab.folder, "report.xml");
    expect((await lab.run("bundle", "export", id, "--out", bundle)).code).toBe(0);
    expect((await lab.run("arm")).code).toBe(0);
    expect((await lab.run("run", "mcp-crash", "--reporter", "junit", "--out", report)).code).toBe(0);
    for (const file of [bundle, report]) expect([file, modeOf(file)]).toEqual([file, 0o600]);
    expect(openToOthers(lab.home)).toEqual([]);
    expect((await lab.run("stack", "down")).code).toBe(0);
    expect(openToOthers(lab.home)).toEqual([]);
  });

  test("contains nothing of a stack's environment after it is down", async (context) => {
    const lab = TerminalLab.for(context);
    const secret = `hunter2-${process.pid}-only-here`;
    const stack = smallStack(lab, ["well"]);
    const text = readFileSync(stack, "utf8").replace("MODE: well", `MODE: well, TOKEN: ${secret}`);
    lab.write("small-stack.yaml", text);
    expect((await lab.run("stack", "up", "--stack", stack, ...AUTO)).code).toBe(0);
    expect((await lab.run("stack", "down")).code).toBe(0);
    const holding = everything(lab.home).filter(
      (path) => statSync(path).isFile() && readFileSync(path).includes(secret),
    );
    expect(holding).toEqual([]);
  });
});

describe("a data folder that others can change", TOGETHER, () => {
  const refused = async (lab: TerminalLab, message: RegExp) => {
    const { code, err } = await lab.run("history", "list");
    expect({ code, err }).toEqual({ code: 2, err: expect.stringMatching(message) });
  };

  test("is refused where they may write in it", async (context) => {
    const lab = TerminalLab.for(context);
    for (const mode of [0o777, 0o770, 0o702]) {
      mkdirSync(lab.home, { recursive: true });
      chmodSync(lab.home, mode);
      await refused(
        lab,
        /other users may write in the data folder .*\n +check its contents, then run `chmod -R go-rwx/,
      );
      expect(modeOf(lab.home)).toBe(mode);
    }
  });

  test("is refused where they may replace it, and nothing is created there", async (context) => {
    const lab = TerminalLab.for(context);
    for (const mode of [0o777, 0o775]) {
      chmodSync(lab.folder, mode);
      await refused(lab, /other users may replace what is in .*\n +run `chmod go-w /);
      expect(readdirSync(lab.folder)).toEqual(["tmp"]);
    }
    // In a shared folder such as /tmp users may rename only their own files.
    chmodSync(lab.folder, 0o1777);
    expect((await lab.run("history", "list")).code).toBe(0);
  });

  test("is refused behind a link as without it", async (context) => {
    const lab = TerminalLab.for(context);
    const shared = join(lab.folder, "shared");
    mkdirSync(join(shared, "data"), { recursive: true });
    symlinkSync(join(shared, "data"), lab.home);
    chmodSync(shared, 0o777);
    await refused(lab, /other users may replace what is in .*shared/);
    chmodSync(shared, 0o755);
    chmodSync(join(shared, "data"), 0o777);
    await refused(lab, /other users may write in the data folder/);
    chmodSync(join(shared, "data"), 0o755);
    expect((await lab.run("history", "list")).code).toBe(0);
  });

  test.runIf(IS_ROOT)("is refused where it, a link to it or a folder above is another user's", async (context) => {
    const lab = TerminalLab.for(context);
    const theirs = join(lab.folder, "theirs");
    mkdirSync(join(theirs, "data"), { recursive: true });
    const owners = [
      () => chownSync(theirs, OUTSIDER, OUTSIDER),
      () => {
        chownSync(theirs, 0, 0);
        chownSync(join(theirs, "data"), OUTSIDER, OUTSIDER);
      },
    ];
    symlinkSync(join(theirs, "data"), lab.home);
    for (const give of owners) {
      give();
      await refused(
        lab,
        new RegExp(`belongs to another user \\(uid ${OUTSIDER}; this lab runs as uid 0\\)\n +run the lab as its owner`),
      );
    }
    const { code, err } = await lab.run("halt");
    expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining("run the lab as its owner") });
    expect(readdirSync(join(theirs, "data"))).toEqual([]);
  });

  test("is refused where they may have written a database in it, also for a halt", async (context) => {
    const lab = TerminalLab.for(context);
    expect((await lab.run("halt")).code).toBe(0);
    chmodSync(join(lab.home, "journal.db"), 0o666);
    const { code, err } = await lab.run("halt");
    expect({ code, err }).toEqual({
      code: 2,
      err: expect.stringMatching(
        /other users may have written to .*journal\.db \(mode 0666\)\n +if nobody has, run `chmod 600/,
      ),
    });
  });

  test.skipIf(!HAS_PROCESS_TABLE)("is closed, not refused, by a halt while a fault is in force", async (context) => {
    const lab = TerminalLab.for(context);
    const stack = smallStack(lab, ["well"]);
    const up = await lab.run("stack", "up", "--stack", stack, ...AUTO);
    expect(up.code).toBe(0);
    const run = lab.start("run", smallScenario(lab, { method: FAULT }), "--stack", stack);
    await run.prints(/step +wait for/);
    chmodSync(lab.home, 0o777);
    expect(await lab.run("halt")).toMatchObject({ code: 0, err: "" });
    expect(modeOf(lab.home)).toBe(0o700);
    await run.ended;
    expect(lab.processes()).toHaveLength(1);
    expect((await lab.run("stack", "down")).code).toBe(0);
  });

  test.skipIf(!HAS_PROCESS_TABLE)("is closed, not left, by the watchdog of a lab that is killed", async (context) => {
    const lab = TerminalLab.for(context);
    const run = lab.start("run", smallScenario(lab, { method: FAULT }), "--stack", smallStack(lab, ["well"]), ...AUTO);
    await run.prints(/step +wait for/);
    chmodSync(lab.home, 0o777);
    await run.die();
    await until("everything of the lab is gone", () => lab.processes().length === 0);
  });
});
