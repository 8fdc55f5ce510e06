import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import Database from "better-sqlite3";
import { describe, expect, test } from "vitest";
import { AUDIT_DATABASE, smallScenario, smallStack } from "./small-stack/small-stack.ts";
import { HAS_PROCESS_TABLE, TerminalLab, TOGETHER } from "./terminal-lab.ts";

const AUTO = ["--ports", "auto"];
const NOBODY = 65534;

describe.skipIf(!HAS_PROCESS_TABLE)("a stack that does not come up", TOGETHER, () => {
  test("because a port is in use: reports it with its service and a hint, and starts nothing", async (context) => {
    const lab = TerminalLab.for(context);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    context.onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const stack = smallStack(lab, ["well", "stubborn"], { stubborn: port });
    const { code, err } = await lab.run("run", smallScenario(lab), "--stack", stack);
    expect(code).toBe(2);
    expect(err).toContain(`already in use on 127.0.0.1: port ${port} (stubborn)`);
    expect(err).toContain("--ports auto");
    expect(lab.processes()).toEqual([]);
  });

  test("because a service exits at once: reports it with its last lines, and the others are taken down", async (context) => {
    const lab = TerminalLab.for(context);
    const stack = smallStack(lab, ["well", "dies"]);
    const { code, err } = await lab.run("run", smallScenario(lab), "--stack", stack, ...AUTO);
    expect(code).toBe(1);
    expect(err).toMatch(/dies ended while it was starting; its last lines:\n +dies: starting\n +the disk is on fire\n/);
    expect(lab.processes()).toEqual([]);
  });

  test("because a service never becomes healthy: reports it with the reason and its last lines", async (context) => {
    const lab = TerminalLab.for(context);
    const stack = smallStack(lab, ["well", "never-well"]);
    const { code, err } = await lab.run("stack", "up", "--stack", stack, ...AUTO);
    expect(code).toBe(1);
    expect(err).toMatch(/never-well did not become healthy within \d+ s \(answers HTTP 503\)/);
    expect(err).toContain("still looking for my cat");
    expect(lab.processes()).toEqual([]);
    expect((await lab.run("stack", "status")).out).toContain("no stack is up");
  });

  test("because its file is invalid: reports the line, without using a data folder", async (context) => {
    const lab = TerminalLab.for(context);
    const stack = lab.write(
      "bad.yaml",
      "services:\n  a:\n    image: x\n    imagee: y\n    x-lab: { role: other, probe: { tcp: true } }\n",
    );
    const { code, err } = await lab.run("run", smallScenario(lab), "--stack", stack, ...AUTO);
    expect(code).toBe(2);
    expect(err).toMatch(/bad\.yaml:4:5: services\.a: unknown field "imagee"/);
  });
});

describe.skipIf(!HAS_PROCESS_TABLE)("a run that is not green", TOGETHER, () => {
  test("because its steady state is not met: reports it, and breaks nothing", async (context) => {
    const lab = TerminalLab.for(context);
    const stack = smallStack(lab, ["well"]);
    const scenario = smallScenario(lab, {
      steadyState: "{ service: well, is: degraded }",
      method: "{ fault: { kill: well } }",
    });
    const { code, out } = await lab.run("run", scenario, "--stack", stack, ...AUTO);
    expect(code).toBe(1);
    expect(out).toMatch(
      /PRECONDITION .*before anything was broken, well is up \(answers HTTP 200\), expected degraded/,
    );
    expect(out).not.toMatch(/fault +kill/);
  });

  test("because a fault cannot be undone is residue, with its name, although every check passed", async (context) => {
    const lab = TerminalLab.for(context);
    const stack = smallStack(lab, ["well", "dies-again"]);
    const scenario = smallScenario(lab, { method: "{ fault: { stop: dies-again } }" });
    const { code, out } = await lab.run("run", scenario, "--stack", stack, ...AUTO);
    expect(out).toMatch(/check +ok well is up/);
    expect(out).toMatch(/RESIDUE .*not restored: dies-again/);
    expect(code).toBe(1);
    expect(lab.processes()).toEqual([]);
  });

  test("because a check fails reports what was expected and observed; fail-fast then stops, else all are run", async (context) => {
    const lab = TerminalLab.for(context);
    const stack = smallStack(lab, ["well"]);
    const bad = smallScenario(lab, { id: "bad", expect: "{ http: well, path: /health, json: { a: 1 } }" });
    const good = smallScenario(lab, { id: "good" });
    const all = await lab.run("run", bad, good, "--stack", stack, ...AUTO);
    expect(all.code).toBe(1);
    expect(all.out).toMatch(/FAILED http well\/health: expected \{"a":1\}; observed \{\}/);
    expect(all.out).toContain("1/2 runs passed");
    const fast = await lab.run("run", bad, good, "--fail-fast", "--stack", stack, ...AUTO);
    expect(fast.code).toBe(1);
    expect(fast.out).toContain("0/1 run passed");
    const repeated = await lab.run("run", good, "--repeat", "3", "--stack", stack, ...AUTO);
    expect(repeated.code).toBe(0);
    expect(repeated.out).toContain("3/3 runs passed");
  });
});

describe.skipIf(!HAS_PROCESS_TABLE)("a run whose audit database has no audit log", TOGETHER, () => {
  const NOTHING_SEEN = "{ decisions: [] }, { mustNotInclude: [x] }, { count: { decision: allow, exactly: 0 } }";

  test("is inconclusive where a check needs decisions, reports why, and the lab exits", async (context) => {
    const lab = TerminalLab.for(context);
    const stack = smallStack(lab, ["well"], {}, AUDIT_DATABASE);
    const { code, out } = await lab.run("run", smallScenario(lab, { expect: NOTHING_SEEN }), "--stack", stack, ...AUTO);
    expect(out).toMatch(/warning +the audit log cannot be read: relation "audit_log" does not exist/);
    expect(
      out.match(/check +INCONCLUSIVE (decisions|mustNotInclude|count): .*"audit_log" does not exist/g),
    ).toHaveLength(3);
    expect(out).toMatch(/INCONCLUSIVE in .* decisions could not be told: .* \(and 2 more\)/);
    expect(out).toContain("0/1 run passed, 1 inconclusive,");
    expect(code).toBe(1);
    expect(lab.processes()).toEqual([]);
  });

  test("is green where none does, and the lab exits; a report on standard output is JSON only", async (context) => {
    const lab = TerminalLab.for(context);
    const stack = smallStack(lab, ["well"], {}, AUDIT_DATABASE);
    const args = ["--stack", stack, "--reporter", "json", ...AUTO];
    const { code, out, err } = await lab.run("run", smallScenario(lab), ...args);
    expect(code, err).toBe(0);
    const { runs } = JSON.parse(out);
    expect(runs).toMatchObject([
      {
        outcome: "passed",
        decisions: [],
        calls: [],
        steps: [{ kind: "probe", label: "probe well: up", outcome: "ok", error: null }],
        checks: [{ check: "well is up", result: "passed", why: null }],
      },
    ]);
  });
});

describe("bad input", TOGETHER, () => {
  test("of a report that cannot be written is reported before anything is run", async (context) => {
    const lab = TerminalLab.for(context);
    const { code, err, out } = await lab.run(
      "run",
      "mcp-crash",
      ...AUTO,
      "--reporter",
      "json",
      "--out",
      "no/such/folder.json",
    );
    expect(err).toMatch(/the report cannot be written to no\/such\/folder\.json: ENOENT/);
    expect(code).toBe(2);
    expect(out).not.toContain("stack up");
  });

  test.skipIf(process.platform === "win32")(
    "a pipe instead of a file is refused, and waits for nobody",
    async (context) => {
      const lab = TerminalLab.for(context);
      const pipe = join(lab.folder, "pipe.yaml");
      execFileSync("mkfifo", [pipe]);
      const validated = await lab.run("scenarios", "validate", pipe);
      expect(validated).toMatchObject({ code: 2, out: expect.stringContaining("it is not a regular file") });
      const run = await lab.run("run", smallScenario(lab), "--stack", pipe, ...AUTO);
      expect(run).toMatchObject({ code: 2, err: expect.stringContaining("it is not a regular file") });
    },
  );

  test("of invalid YAML is reported with the position of each problem", async (context) => {
    const lab = TerminalLab.for(context);
    const bad = lab.write(
      "bad.yaml",
      "id: Bad Id\ntitle: x\npatterns: []\nsteadyState: []\nmethod: [{ wram: gateway }]\nextra: 1\n",
    );
    const broken = lab.write("broken.yaml", "id: [\n");
    const good = smallScenario(lab);
    const { code, err, out } = await lab.run("scenarios", "validate", bad, good, broken);
    expect(code).toBe(2);
    expect(err).toBe("");
    expect(out).toMatch(/bad\.yaml:1:5: id: /);
    expect(out).toMatch(/bad\.yaml:5:10: method\[0\]: a step needs exactly one of/);
    expect(out).toMatch(/bad\.yaml:6:1: unknown field "extra"/);
    expect(out).toMatch(/bad\.yaml:1:1: expect: expected a list, but it is missing/);
    expect(out).toMatch(/small\.yaml: ok \(1 scenario\)/);
    expect(out).toMatch(/broken\.yaml:\d+:\d+: /);
    expect((await lab.run("run", good, bad)).code).toBe(2);
  });
});

describe.skipIf(!HAS_PROCESS_TABLE)("two labs on one data folder", TOGETHER, () => {
  test("the second one is refused with the process at work, changes nothing, and may read; the first continues", async (context) => {
    const lab = TerminalLab.for(context);
    const stack = smallStack(lab, ["well"]);
    const long = smallScenario(lab, { id: "long", method: "{ fault: { stop: well } }, { wait: 10m }" });
    const first = lab.start("run", long, "--stack", stack, ...AUTO);
    await first.prints(/step +wait for 10 min/);
    const second = await lab.run("run", smallScenario(lab), "--stack", stack, ...AUTO);
    expect(second.code).toBe(2);
    expect(second.err).toMatch(/another lab is at work here: process \d+, running long, since/);
    expect((await lab.run("stack", "down")).code).toBe(2);
    expect((await lab.run("history", "list")).out).toMatch(/running .*long/);
    const { code, out } = await first.interrupt();
    expect(code).toBe(130);
    expect(out).toMatch(/undo +restored: well is running and up/);
    expect(lab.processes()).toEqual([]);
  });
});

describe("a history", TOGETHER, () => {
  async function withOneRun(lab: TerminalLab): Promise<string> {
    const { code, out } = await lab.run("run", smallScenario(lab), "--stack", smallStack(lab, ["well"]), ...AUTO);
    expect(code, out).toBe(0);
    return join(lab.home, "history.db");
  }

  test("that is corrupt is moved to a named file, and the next run is recorded", async (context) => {
    const lab = TerminalLab.for(context);
    const file = await withOneRun(lab);
    writeFileSync(file, "this was a database once ".repeat(200));
    const { code, out } = await lab.run("run", smallScenario(lab), "--stack", smallStack(lab, ["well"]), ...AUTO);
    expect(code).toBe(0);
    const [movedTo = ""] = readdirSync(lab.home).filter((name) => name.startsWith("history.db.corrupt-"));
    expect(out).toContain(`the run history was damaged; it was moved, unchanged, to ${join(lab.home, movedTo)}`);
    expect(readFileSync(join(lab.home, movedTo), "utf8")).toContain("this was a database once");
    expect((await lab.run("history", "list")).out.match(/passed/g)).toHaveLength(1);
  });

  test("of a newer lab is shown, and no run is started that could not be recorded", async (context) => {
    const lab = TerminalLab.for(context);
    const database = new Database(await withOneRun(lab));
    database.pragma("user_version = 99");
    database.close();
    const list = await lab.run("history", "list");
    expect(list).toMatchObject({ code: 0, out: expect.stringMatching(/passed .*small/) });
    expect(list.err).toMatch(/read only: .*newer Resilience Lab \(format 99/);
    const run = await lab.run("run", smallScenario(lab), "--stack", smallStack(lab, ["well"]), ...AUTO);
    expect(run.code).toBe(2);
    expect(run.err).toMatch(/newer Resilience Lab.*new ones cannot be recorded\n +update Resilience Lab/);
    expect(lab.processes()).toEqual([]);
  });

  test("that is read-only is shown, and nothing is run", async (context) => {
    const lab = TerminalLab.for(context);
    const file = await withOneRun(lab);
    chmodSync(file, 0o444);
    // Root may write everything, so everything else is given to somebody who may not, and who then looks.
    const isRoot = process.getuid?.() === 0;
    if (isRoot) lab.giveTo(NOBODY, [file]);
    const user = isRoot ? NOBODY : undefined;
    expect(await lab.startAs(user, "history", "list").ended).toMatchObject({
      code: 0,
      out: expect.stringMatching(/passed .*small/),
      err: expect.stringContaining("read only: "),
    });
    const stack = smallStack(lab, ["well"]);
    const run = await lab.startAs(user, "run", smallScenario(lab), "--stack", stack, ...AUTO).ended;
    expect(run).toMatchObject({ code: 2, err: expect.stringContaining("new ones cannot be recorded") });
    if (HAS_PROCESS_TABLE) expect(lab.processes()).toEqual([]);
  });

  test("in a folder that cannot be created is reported with a hint", async (context) => {
    const lab = TerminalLab.for(context);
    mkdirSync(join(lab.folder, "somewhere"));
    writeFileSync(lab.home, "a file where the folder should be");
    const { code, err } = await lab.run("history", "list");
    expect(code).toBe(2);
    expect(err).toMatch(/the data folder .* cannot be used: .*\n +make it writable, or point RESILIENCE_LAB_HOME/);
  });
});
