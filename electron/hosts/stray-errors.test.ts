import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { SqliteRunStore } from "../lab/history/sqlite/sqlite-run-store.ts";
import { startLab } from "../lab/watchdog/testing/lab-process.ts";
import { serviceProcessesOf } from "../lab/watchdog/testing/process-table.ts";
import { writeSmallStack } from "../testing/small-stack.ts";
import { eventsIn } from "../testing/stored-events.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";

const PROGRAM = join(import.meta.dirname, "..", "testing", "straying-lab.ts");
const STEADY = [{ service: "caller", is: "up" }];

test
  .skipIf(process.platform !== "linux")
  .each(["a promise", "a timer", "a probe", "a listener", "the log tail", "the printer", "an end-of-run hook"])(
  "an uncaught error of %s ends its run as an error with everything restored, and the next run starts",
  async (source) => {
    const folder = temporaryFolder();
    const home = join(folder, "home");
    const scenario = (id: string, method: object[]) => {
      const file = join(folder, `${id}.yaml`);
      const rest = { title: id, patterns: [], steadyState: STEADY, expect: [{ within: "10m" }] };
      writeFileSync(file, JSON.stringify({ id, method, ...rest }));
      return file;
    };
    const stack = writeSmallStack(folder);
    appendFileSync(join(folder, "server.mjs"), 'setInterval(() => console.log("still here"), 20);\n');
    const atEnd = source === "an end-of-run hook";
    const strays = scenario("strays", [{ fault: { pause: "server" } }, { wait: atEnd ? "1ms" : "5m" }]);
    const next = scenario("next", [{ wait: "1ms" }]);
    const args = ["run", strays, next, "--stack", stack, "--ports", "auto"];
    const lab = startLab(home, args, { STRAYING_LAB: source }, PROGRAM);
    const output = await lab.ended;
    expect(lab.child.exitCode, output).toBe(1);
    expect(output).toContain(`boom in ${source}`);
    expect(output).toMatch(/ {2}strays +error/);
    expect(output).toMatch(/ {2}next +passed/);
    const history = await SqliteRunStore.open(join(home, "history.db"));
    const { runs } = await history.list({});
    const events = await Promise.all(runs.map(({ id }) => eventsIn(history, id)));
    const undone = events.flat().filter(({ type }) => type === "fault.undone");
    await history.close();
    expect(runs.map(({ scenarioId, outcome }) => [scenarioId, outcome])).toEqual([
      ["next", "passed"],
      ["strays", "error"],
    ]);
    expect(undone).toMatchObject([{ result: "restored" }]);
    expect(serviceProcessesOf(home)).toEqual([]);
  },
);
