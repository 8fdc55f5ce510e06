import { expect, test } from "vitest";
import type { QueueEntry } from "../../../contract/runs.ts";
import { RunModel } from "../../../model/run-model.ts";
import { sampleRun } from "../../../testing/sample-events.ts";
import type { QueuedRun } from "../../history/queue-store.ts";
import { RunEntries } from "./run-entries.ts";

const run = (scenarioId: string) => ({
  scenarioId,
  scenarioTitle: scenarioId,
  without: [],
  showsFailure: false,
  isCompared: false,
});

function entriesOf() {
  const ended: QueueEntry[] = [];
  const entries = new RunEntries({ onChange: () => {}, onEnded: (entry) => ended.push(entry), wallMs: () => 0 });
  return { entries, ended };
}

test("a run that has ended says what happened; one that never started does not", () => {
  const { entries, ended } = entriesOf();
  const [a, b] = entries.add([run("a"), run("b")]) as [QueueEntry, QueueEntry];
  entries.begin(a);
  entries.end(b, "cancelled", "cancelled before it started");
  entries.end(a, "passed", "all well", RunModel.of(sampleRun()));
  expect(ended.map(({ scenarioId, headline }) => [scenarioId, headline])).toEqual([
    ["b", null],
    ["a", "Slack is down: create_refund expired without approval, the circuit opened"],
  ]);
});

test("runs that were requested together have one result, which the last of them has", () => {
  const { entries, ended } = entriesOf();
  const [one, two, alone] = [...entries.add([run("a"), run("a")]), ...entries.add([run("alone")])];
  for (const [entry, runId, outcome] of [
    [one, "run-1", "passed"],
    [two, "run-2", "failed"],
    [alone, "run-3", "passed"],
  ] as const) {
    if (entry === undefined) throw new Error("no entry");
    entries.begin(entry);
    entry.runId = runId;
    entries.end(entry, outcome, "");
  }
  expect(ended.map(({ batchResult }) => batchResult)).toEqual([null, { asExpected: 1 }, { asExpected: 1 }]);
});

test("runs that were cancelled together before any of them started have no result", () => {
  const { entries, ended } = entriesOf();
  for (const entry of entries.add([run("a"), run("b")]).reverse()) entries.end(entry, "cancelled", "before it started");
  expect(ended.map(({ batchResult }) => batchResult)).toEqual([null, null]);
});

test("runs of a terminal come after those of a window, each once; the run in progress is first", () => {
  const { entries } = entriesOf();
  const fromTerminal = {
    runId: "t",
    spec: { scenario: { id: "mcp-crash", title: "A server crashes" }, without: ["retry-budget"] },
  } as unknown as QueuedRun;
  const first = entries.adopt(fromTerminal, "terminal");
  entries.add([run("a")]);
  entries.adopt(fromTerminal, "terminal");
  const shown = () => entries.state().active.map(({ scenarioTitle, from }) => `${scenarioTitle} (${from})`);
  expect(shown()).toEqual(["a (window)", "A server crashes (terminal)"]);
  entries.begin(first);
  expect(shown()).toEqual(["A server crashes (terminal)", "a (window)"]);
});
