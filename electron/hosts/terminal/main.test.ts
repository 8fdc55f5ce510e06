import { describe, expect, onTestFinished, test, vi } from "vitest";
import { temporaryFolder } from "../../testing/temporary-folder.ts";
import { main } from "./main.ts";

/** `resilience-lab WORDS` in this process: the exit code, and what it wrote where. */
async function run(words: readonly string[]) {
  vi.stubEnv("RESILIENCE_LAB_HOME", temporaryFolder());
  const [out, err] = [vi.spyOn(process.stdout, "write"), vi.spyOn(process.stderr, "write")];
  onTestFinished(() => {
    vi.restoreAllMocks();
    vi.unstubAllEnvs();
  });
  for (const stream of [out, err]) stream.mockReturnValue(true);
  const written = (stream: typeof out) => stream.mock.calls.map(([text]) => text).join("");
  const code = await main(words);
  return { code, out: written(out), err: written(err) };
}

describe("bad input is told on the error stream with what to do, and exits 2:", () => {
  test.each<[string, string[], RegExp]>([
    ["no command", [], /^$/],
    ["a command that is none", ["rnu"], /there is no command "rnu"\n +the commands are: .*run/],
    [
      "an option that is none",
      ["run", "mcp-crash", "--fast"],
      /Unknown option '--fast'\n +see `resilience-lab run --help`/,
    ],
    ["nothing to run", ["run"], /say what to run.*\n +see `resilience-lab scenarios list`/],
    ["a scenario that is none", ["run", "mcp-crush"], /no scenario is called "mcp-crush".*\n.*mcp-crash, /],
    ["a file that is not there", ["run", "no-such.yaml"], /no-such\.yaml cannot be read: ENOENT/],
    [
      "a number that is none",
      ["run", "mcp-crash", "--repeat", "0"],
      /--repeat needs a whole number of 1 or more, not "0"/,
    ],
    [
      "a reporter that is none",
      ["run", "mcp-crash", "--reporter", "pdf"],
      /--reporter cannot be "pdf"\n +it is one of: pretty, json/,
    ],
    ["ports that are none", ["run", "mcp-crash", "--ports", "some"], /--ports cannot be "some"/],
    ["an --out that has no form", ["run", "mcp-crash", "--out", "x"], /--out needs a --reporter/],
    ["a run that is none", ["history", "show", "abc"], /no run has the id abc/],
    ["a word too many", ["stack", "down", "now"], /stack down takes no "now"/],
  ])("%s", async (_what, words, message) => {
    const { code, err } = await run(words);
    expect(err).toMatch(message);
    expect(code).toBe(2);
    expect(err).not.toMatch(/ {4}at /);
  });
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

  test("of all of it names every command and the exit codes; without a word it is the same, and exits 2", async () => {
    const { code, out } = await run(["--help"]);
    expect(code).toBe(0);
    for (const word of ["demo", "run", "stack", "scenarios", "history", "130 interrupted"]) expect(out).toContain(word);
    expect(await run([])).toMatchObject({ code: 2 });
  });
});

test("the shipped scenarios are listed, an id a line with its title and patterns below", async () => {
  const { code, out } = await run(["scenarios", "list"]);
  expect(code).toBe(0);
  expect(out).toMatch(/^mcp-crash\n {4}The MCP server crashes.*\n {4}patterns: capability cache/);
});
