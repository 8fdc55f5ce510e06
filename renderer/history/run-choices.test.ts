import { describe, expect, it } from "vitest";
import type { RunSummary } from "../../electron/contract/history.ts";
import { NO_ANNOTATIONS } from "../../electron/model/annotations.ts";
import {
  comparedInOrder,
  whyNotCompare,
  whyNotDelete,
  whyNotDeleteAll,
  whyNotExport,
  whyNotRepeat,
} from "./run-choices.ts";

function run(parts: Partial<RunSummary> = {}): RunSummary {
  return {
    id: "a",
    kind: "scenario",
    scenarioId: "mcp-crash",
    scenarioTitle: "A crash",
    driver: "process",
    without: [],
    outcome: "passed",
    reason: null,
    startedWallMs: 0,
    durationMs: 1,
    pinned: false,
    importedFrom: null,
    raw: false,
    headline: null,
    annotations: NO_ANNOTATIONS,
    batch: null,
    ...parts,
  };
}

describe("actions on runs", () => {
  it("deletes neither a pinned run nor one in progress", () => {
    expect(whyNotDelete(run())).toBeUndefined();
    expect(whyNotDelete(run({ pinned: true }))).toMatch("unpin");
    expect(whyNotDelete(run({ outcome: null }))).toMatch("in progress");
  });

  it("offers to delete a selection with a deletable run", () => {
    expect(whyNotDeleteAll([])).toMatch("Select");
    expect(whyNotDeleteAll([run({ pinned: true })])).toMatch("pinned");
    expect(whyNotDeleteAll([run({ pinned: true }), run()])).toBeUndefined();
  });

  it("repeats scenarios only", () => {
    expect(whyNotRepeat(run())).toBeUndefined();
    expect(whyNotRepeat(run({ kind: "manual" }))).toMatch("no scenario");
  });

  it("compares two runs, the older on the left", () => {
    const older = run({ id: "older", startedWallMs: 1 });
    const newer = run({ id: "newer", startedWallMs: 2 });
    expect(whyNotCompare([older])).toMatch("two");
    expect(whyNotCompare([newer, older])).toBeUndefined();
    expect(comparedInOrder([newer, older])).toEqual({ left: ["older"], right: ["newer"] });
  });

  it("compares more runs as sets: by protections, else by scenario, else as one set", () => {
    const off = [1, 3].map((at) => run({ id: `off ${at}`, startedWallMs: at, without: ["budget"] }));
    const on = [2, 4].map((at) => run({ id: `on ${at}`, startedWallMs: at }));
    expect(comparedInOrder([...on, ...off])).toEqual({ left: ["off 1", "off 3"], right: ["on 2", "on 4"] });
    const other = run({ id: "other", startedWallMs: 5, scenarioId: "other" });
    expect(comparedInOrder([...on, other])).toEqual({ left: ["on 2", "on 4"], right: ["other"] });
    expect(comparedInOrder([...on, run({ id: "on 6", startedWallMs: 6 })])).toEqual({
      left: ["on 2", "on 4", "on 6"],
      right: [],
    });
  });

  it("exports finished runs", () => {
    expect(whyNotExport([])).toMatch("Select");
    expect(whyNotExport([run(), run({ outcome: null })])).toMatch("in progress");
    expect(whyNotExport([run(), run({ raw: true })])).toMatch(/^1 of them was recorded raw: turn "Keep runs raw" off/);
    expect(whyNotExport([run()])).toBeUndefined();
  });
});
