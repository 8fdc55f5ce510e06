import { expect, test, vi } from "vitest";
import { smallScenario, smallStack } from "./small-stack/small-stack.ts";
import { HAS_PROCESS_TABLE, TerminalLab } from "./terminal-lab.ts";

test.skipIf(!HAS_PROCESS_TABLE)("a command that still runs at the end of its test is reported and killed", async () => {
  const reported = vi.spyOn(console, "error").mockImplementation(() => undefined);
  const lab = new TerminalLab();
  await lab.run("history", "list");
  const long = smallScenario(lab, { method: "{ wait: 10m }" });
  const session = lab.start("run", long, "--stack", smallStack(lab, ["well"]), "--ports", "auto");
  await session.prints(/step +wait for 10 min/);
  await lab.clear();
  expect(await session.ended).toMatchObject({ signal: "SIGKILL" });
  const [[report] = [], ...others] = reported.mock.calls;
  expect(others).toEqual([]);
  expect(report).toMatch(/^still running after \d+\.\d s: resilience-lab run \S+ --stack \S+ --ports auto /);
  expect(report).toMatch(/\nstdout:\n.*step +wait for 10 min.*\nstderr:\n/s);
});
