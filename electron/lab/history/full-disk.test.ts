import { statSync } from "node:fs";
import { join } from "node:path";
import type Database from "better-sqlite3";
import { expect, onTestFinished, test, vi } from "vitest";
import { eventAt, passed } from "../../testing/sample-events.ts";
import { temporaryFolder } from "../../testing/temporary-folder.ts";
import type { LabEvent } from "../events/lab-event.ts";
import { thisProcess } from "../stack/process-identity.ts";
import { History } from "./history.ts";

const opened = vi.hoisted((): Database.Database[] => []);

vi.mock("better-sqlite3", async (original) => {
  const { default: Real } = await original<{ default: typeof Database }>();
  class Watched extends Real {
    constructor(...given: ConstructorParameters<typeof Database>) {
      super(...given);
      opened.push(this);
    }
  }
  return { default: Watched };
});

const log = (seq: number): LabEvent =>
  eventAt(seq, { type: "service.log", service: "gateway", stream: "stdout", line: "x".repeat(200) });

/** A history whose file may grow by a few pages and no more, with 2,000 events of a run on their way into it. */
function fullHistory(): { history: History; makeSpace: () => void } {
  const file = join(temporaryFolder(), "history.db");
  const history = new History(file, thisProcess);
  const limitPages = (pages: number) => opened.at(-1)?.pragma(`max_page_count = ${pages}`);
  const makeSpace = () => limitPages(1_000_000);
  onTestFinished(() => {
    if (opened.at(-1)?.open) makeSpace();
    history.close();
  });
  history.begin({
    id: "run-1",
    scenarioId: "mcp-crash",
    scenarioTitle: "",
    scenarioSource: "",
    driver: "process",
    without: [],
    startedWallMs: 0,
  });
  limitPages(statSync(file).size / 4_096 + 10);
  for (let seq = 1; seq <= 2_000; seq++) history.record(log(seq));
  return { history, makeSpace };
}

test("a full disk does not stop a run: what waits is kept, and written when there is space again", () => {
  const { history, makeSpace } = fullHistory();
  makeSpace();
  history.record(eventAt(2_001, passed));
  expect([...history.events("run-1")].map(({ seq }) => seq)).toEqual(Array.from({ length: 2_001 }, (_, at) => at + 1));
  expect(history.find("run-1").outcome).toBe("passed");
});

test("what waits while the disk is full is read with what is on it, and so are the sources of the run", () => {
  const { history } = fullHistory();
  const seqs = Array.from({ length: 2_000 }, (_, at) => at + 1);
  expect([...history.events("run-1")].map(({ seq }) => seq)).toEqual(seqs);
  expect(history.sources("run-1").events).toBe(2_000);
});

test("a disk that stays full is named at the end of the run, with what to do, and once is enough", () => {
  const { history } = fullHistory();
  expect(() => history.record(eventAt(2_001, passed))).toThrow(
    expect.objectContaining({
      name: "LabError",
      message: expect.stringMatching(/^the run history .*history\.db cannot be written: database or disk is full$/),
      cure: expect.stringContaining("make space"),
    }),
  );
  expect(() => history.close()).not.toThrow();
});

test("a run whose end could not be written is ended by the time the history is closed, when there is space again", () => {
  const { history, makeSpace } = fullHistory();
  expect(() => history.record(eventAt(2_001, passed))).toThrow("disk is full");
  // Nobody is told of an end that is not on disk, in no way.
  expect([...history.events("run-1")].at(-1)?.seq).toBe(2_000);
  expect(history.find("run-1").outcome).toBeUndefined();
  makeSpace();
  history.close();
  const again = new History(history.file, thisProcess);
  expect(again.find("run-1")).toMatchObject({ outcome: "passed", isAbandoned: false });
  again.close();
});

test("a history that is closed while the disk is full says that something was lost", () => {
  const { history } = fullHistory();
  expect(() => history.close()).toThrow("cannot be written: database or disk is full");
});

test("no run is begun that could not be recorded", () => {
  const { history } = fullHistory();
  const big = { id: "run-2", scenarioId: "", scenarioTitle: "", driver: "process", without: [], startedWallMs: 0 };
  expect(() => history.begin({ ...big, scenarioSource: "x".repeat(1_000_000) })).toThrow("database or disk is full");
});
