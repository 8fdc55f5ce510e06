import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { REFERENCE_STACK_FILE } from "../../lab/stacks/reference-stack.ts";
import { sampleRun } from "../../testing/sample-events.ts";
import { storeRun } from "../../testing/stored-events.ts";
import { temporaryFolder } from "../../testing/temporary-folder.ts";
import { main } from "./main.ts";

const REFERENCE_SCENARIO = join(import.meta.dirname, "..", "..", "..", "scenarios", "01-mcp-crash.yaml");

/** `resilience-lab WORDS` in this process, with a data folder of its own: the exit code, and what it wrote where. */
async function run(args: readonly string[], home = temporaryFolder()) {
  vi.stubEnv("RESILIENCE_LAB_HOME", home);
  const [out, err] = [vi.spyOn(process.stdout, "write"), vi.spyOn(process.stderr, "write")];
  onTestFinished(() => {
    vi.restoreAllMocks();
    vi.unstubAllEnvs();
  });
  for (const stream of [out, err]) stream.mockReturnValue(true);
  const written = (stream: typeof out) => stream.mock.calls.map(([text]) => text).join("");
  const code = await main(args);
  const result = { code, out: written(out), err: written(err) };
  for (const stream of [out, err]) stream.mockRestore();
  return result;
}

describe("bad input is reported on standard error with a hint, and exits 2:", () => {
  test.each<[string, string[], RegExp]>([
    ["no command", [], /^$/],
    ["an unknown command", ["rnu"], /there is no command "rnu"\n +the commands are: .*run/],
    ["an unknown option", ["run", "mcp-crash", "--fast"], /Unknown option '--fast'\n +see `resilience-lab run --help`/],
    ["nothing to run", ["run"], /specify what to run.*\n +see `resilience-lab scenarios list`/],
    ["an unknown scenario", ["run", "mcp-crush"], /no scenario is called "mcp-crush".*\n.*mcp-crash, /],
    ["a missing file", ["run", "no-such.yaml"], /no-such\.yaml cannot be read: ENOENT/],
    ["an invalid number", ["run", "mcp-crash", "--repeat", "0"], /--repeat needs a whole number of 1 or more, not "0"/],
    [
      "an unknown reporter",
      ["run", "mcp-crash", "--reporter", "pdf"],
      /--reporter cannot be "pdf"\n +it is one of: pretty, json/,
    ],
    ["invalid ports", ["run", "mcp-crash", "--ports", "some"], /--ports cannot be "some"/],
    ["an --out without a format", ["run", "mcp-crash", "--out", "x"], /--out needs a --reporter/],
    ["an unknown run", ["history", "show", "abc"], /no run has the id abc/],
    ["an extra argument", ["stack", "down", "now"], /stack down takes no "now"/],
  ])("%s", async (_what, args, message) => {
    const { code, err } = await run(args);
    expect(err).toMatch(message);
    expect(code).toBe(2);
    expect(err).not.toMatch(/ {4}at /);
  });
});

test.each([
  [["plan", "mcp-crash"]],
  [["plan", "slow-link", "--driver", "docker"]],
  [["scenarios", "validate", REFERENCE_SCENARIO, "--stack", REFERENCE_STACK_FILE]],
])("%j creates nothing: no data folder, and no secrets of the stack", async (args) => {
  const home = join(temporaryFolder(), "home");
  expect(await run(args, home)).toMatchObject({ code: 0, err: "" });
  expect(existsSync(home)).toBe(false);
});

describe("scenarios validate", () => {
  const text = (id: string, service = "gateway") =>
    `id: ${id}\ntitle: T\npatterns: []\nsteadyState: [{ service: ${service}, is: up }]\nmethod: [{ wait: 1s }]\nexpect: [{ within: 5s }]\n`;

  test("takes folders, and reports every file of one: the valid, the invalid, and an id that two have", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "a.yaml"), text("one"));
    writeFileSync(join(folder, "b.yml"), "id: two\n");
    writeFileSync(join(folder, "c.YAML"), text("one"));
    writeFileSync(join(folder, "d.yaml"), text("one").replace("title: T", "title: Payments: slow"));
    const { code, out } = await run(["scenarios", "validate", folder]);
    const lines = out.replaceAll(`${folder}/`, "").split("\n");
    expect(lines).toContain("a.yaml: ok (1 scenario)");
    expect(lines).toContain("b.yml:1:1: title: expected text, but it is missing");
    expect(lines).toContain('c.YAML:1:5: the id "one" is used in a.yaml too; give one another id');
    expect(lines).toContain('d.yaml:2:8: a second ": " on this line; put a value that contains a colon in quotes');
    expect(code).toBe(2);
  });

  test("reports with --stack what the stack does not have", async () => {
    const folder = temporaryFolder();
    const [file, stack] = [join(folder, "a.yaml"), join(folder, "compose.yml")];
    writeFileSync(file, text("one"));
    writeFileSync(
      stack,
      "services: { api: { image: x, env_file: y, x-lab: { role: other, probe: { tcp: true } } } }\n",
    );
    expect(await run(["scenarios", "validate", file])).toMatchObject({ code: 0 });
    const { code, out, err } = await run(["scenarios", "validate", file, "--stack", stack]);
    expect(out).toBe(`${file}:4:26: the stack has no service called "gateway"; it has: api\n`);
    expect(err).toBe(`tools are not checked: no service of ${stack} declares x-lab.tools\n`);
    expect(code).toBe(2);
  });
});

test("no escape sequence of a scenario that came from someone else reaches the terminal", async () => {
  const file = join(temporaryFolder(), "esc.yaml");
  const title = '"x\\x1b]0;owned\\x07\\x1b[2J\\nPASSED in 1 s\\x1b[8mhidden\\u009b31m to alice\\u202Egnp"';
  writeFileSync(
    file,
    `id: esc\ntitle: ${title}\npatterns: []\nsteadyState: [{ service: gateway, is: up }]\nmethod: [{ wait: 1s }]\nexpect: [{ within: 5s }]\n`,
  );
  const { out } = await run(["plan", file]);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what must not be there
  expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
  expect(out).toContain("esc  x⟨U+001B⟩]0;owned⟨U+0007⟩⟨U+001B⟩[2J PASSED in 1 s⟨U+001B⟩[8mhidden");
  const broken = await run(["scenarios", "validate", "no\u001b[2Jsuch.yaml"]);
  expect(broken.out + broken.err).not.toContain("\u001b");
});

describe("help", () => {
  test.each(["demo", "run", "stack", "scenarios", "history"])(
    "of %s is on standard output, and exits 0",
    async (command) => {
      const { code, out, err } = await run([command, "--help"]);
      expect({ code, err }).toEqual({ code: 0, err: "" });
      expect(out).toContain(`resilience-lab ${command}`);
    },
  );

  test("lists every command and the exit codes; without arguments it is the same, and exits 2", async () => {
    const { code, out } = await run(["--help"]);
    expect(code).toBe(0);
    for (const word of ["demo", "run", "stack", "scenarios", "history", "130 interrupted"]) expect(out).toContain(word);
    expect(await run([])).toMatchObject({ code: 2 });
  });
});

test("the shipped scenarios are listed, an id a line with its title and patterns below", async () => {
  const { code, out } = await run(["scenarios", "list"]);
  expect(code).toBe(0);
  expect(out).toMatch(/^any-link-cut\n.*\n.*\n {4}runs on any stack with: gateway->mcp-server$/m);
  expect(out).toMatch(/^mcp-crash\n {4}The MCP server crashes.*\n {4}patterns: capability cache/);
});

describe("bundle", () => {
  const ID = "5f0c9d3e-6a1b-4c2d-8e4f-7a9b0c1d2e3f";

  /** A data folder with one run in it. */
  async function homeWithRun(): Promise<string> {
    const home = temporaryFolder();
    const run = {
      id: ID,
      scenarioId: "mcp-crash",
      scenarioTitle: "The MCP server crashes",
      scenarioSource: "id: mcp-crash\n",
      driver: "process",
      without: [],
      startedWallMs: 1_700_000_000_010,
    };
    await storeRun(join(home, "history.db"), run, sampleRun(ID));
    return home;
  }

  async function exported(): Promise<{ home: string; file: string }> {
    const [home, file] = [await homeWithRun(), join(temporaryFolder(), "run.zip")];
    const { code, err } = await run(["bundle", "export", ID.slice(0, 8), "--out", file], home);
    expect(err).toMatch(/run\.zip: 1 run, \d+ (bytes|kB), no secrets found\n$/);
    expect(code).toBe(0);
    return { home, file };
  }

  test("moves a run from one data folder to another, where it is shown, and imported only once", async () => {
    const { home, file } = await exported();
    expect(await run(["bundle", "verify", file])).toMatchObject({
      code: 0,
      out: expect.stringMatching(
        /holds 1 run, made by .*\n {2}5f0c9d3e-\S+ {2}passed +20 events {2}The MCP server crashes/,
      ),
    });
    const other = temporaryFolder();
    expect(await run(["bundle", "import", file], other)).toEqual({
      code: 0,
      out: `imported ${ID}  The MCP server crashes\n`,
      err: "",
    });
    expect((await run(["history", "show", ID], other)).out).toBe((await run(["history", "show", ID], home)).out);
    expect(await run(["bundle", "import", file], other)).toMatchObject({ code: 0, out: `already here ${ID}\n` });
  });

  test("replaces a file only with --force", async () => {
    const { home, file } = await exported();
    const again = ["bundle", "export", ID, "--out", file];
    expect(await run(again, home)).toMatchObject({ code: 2, err: expect.stringMatching(/exists\n.*--force/) });
    expect(await run([...again, "--force"], home)).toMatchObject({ code: 0 });
  });

  test.each<[string, (bytes: Buffer) => Buffer, RegExp]>([
    [
      "is cut off",
      (bytes) => bytes.subarray(0, bytes.length / 2),
      /broken\.zip: its end is missing: it was not copied completely/,
    ],
    ["is none", () => Buffer.from("no zip at all"), /broken\.zip: it is no zip file/],
    [
      "is a scenario",
      () => Buffer.from("id: x\nsteadyState: []\nmethod: []\n"),
      /broken\.zip: it is no zip file: this is a scenario; it is given to `run`/,
    ],
    [
      "is a trace of another tool",
      () => Buffer.from('{"resourceSpans": []}'),
      /broken\.zip: it is no zip file: this is an OTLP trace; /,
    ],
    // What it does to the packed bytes depends on them.
    ["was changed", changed, /broken\.zip: index\.html (cannot be unpacked|was changed after the export)/],
  ])("that %s is refused with the reason and exit code 2, and nothing comes in", async (_how, broken, reason) => {
    const { file } = await exported();
    const brokenFile = join(temporaryFolder(), "broken.zip");
    writeFileSync(brokenFile, broken(readFileSync(file)));
    const other = temporaryFolder();
    const { code, err } = await run(["bundle", "import", brokenFile], other);
    expect(err).toMatch(reason);
    expect(err).not.toMatch(/ {4}at /);
    expect(code).toBe(2);
    expect((await run(["history", "list"], other)).out).not.toContain(ID.slice(0, 8));
    expect(await run(["bundle", "verify", brokenFile])).toMatchObject({ code: 1, err: expect.stringMatching(reason) });
  });

  /** One byte of what is packed. */
  function changed(bytes: Buffer): Buffer {
    const copy = Buffer.from(bytes);
    copy[200] = (copy[200] ?? 0) ^ 0xff;
    return copy;
  }

  test("needs an action and a file", async () => {
    expect(await run(["bundle"])).toMatchObject({ code: 2 });
    expect(await run(["bundle", "import"])).toMatchObject({
      code: 2,
      err: expect.stringContaining("specify which file"),
    });
    expect(await run(["bundle", "import", "no-such.zip"])).toMatchObject({
      code: 2,
      err: expect.stringMatching(/no-such\.zip/),
    });
  });
});
