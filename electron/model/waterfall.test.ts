import { expect, test } from "vitest";
import type { LabEvent, LabEventBody } from "./lab-event.ts";
import { RunModel } from "./run-model.ts";
import { besideSteps, visibleRows, waterfallOf } from "./waterfall.ts";

/** A view after these events, one each ten milliseconds. */
function viewOf(...bodies: LabEventBody[]) {
  const events = bodies.map((body, index) => ({
    runId: "r",
    seq: index + 1,
    atMs: index * 10,
    wallMs: index * 10,
    ...body,
  }));
  return RunModel.of(events as LabEvent[]);
}

const wire = (call: string, link: string, faults: string[], more: object = {}) =>
  ({
    type: "wire.call",
    call,
    link,
    http: "POST /mcp",
    method: "tools/call",
    tool: "lookup",
    requestBytes: 1,
    replyBytes: 1,
    events: 0,
    outcome: "ok",
    faults,
    startedWallMs: 25,
    endedWallMs: 45,
    ...more,
  }) as unknown as LabEventBody;

const STARTED = {
  type: "run.started",
  eventVersion: 1,
  scenario: { id: "s", title: "s", patterns: [] },
  driver: "process",
  without: [],
  services: [{ name: "door", role: "gateway" }],
  labVersion: "0",
} as unknown as LabEventBody;

const view = viewOf(
  STARTED,
  { type: "step.started", step: "1", kind: "call", label: "call lookup", background: false },
  { type: "fault.intended", fault: "f", kind: "latency", target: "a->b", undo: "u" } as unknown as LabEventBody,
  { type: "fault.applied", fault: "f" } as unknown as LabEventBody,
  wire("w1", "a->b", ["f"]),
  wire("w2", "a->b", [], { tool: undefined, method: undefined, outcome: "error", startedWallMs: 1, endedWallMs: 2 }),
  { type: "step.ended", step: "1", outcome: "ok" } as unknown as LabEventBody,
);

test("a call on a link is below its step, with the fault that it met", () => {
  const { rows } = waterfallOf(view, false);
  expect(rows.map(({ span, depth, descendants }) => [span.name, span.place, depth, descendants, span.faults])).toEqual([
    ["call lookup", "lab", 0, 1, []],
    ["lookup", "a->b", 1, 0, ["latency a->b"]],
  ]);
});

test("calls beside the steps are counted, and shown on request", () => {
  expect(besideSteps(view)).toBe(1);
  expect(waterfallOf(view, true).rows.map(({ span, depth }) => [span.name, depth, span.isError])).toEqual([
    ["POST /mcp", 0, true],
    ["call lookup", 0, false],
    ["lookup", 1, false],
  ]);
});

test("what is collapsed hides what is below it; a search shows matches, by name, place or fault, and what is above them", () => {
  const { rows } = waterfallOf(view, true);
  const step = rows[1]?.span.id ?? "";
  expect(visibleRows(rows, new Set(), "")).toEqual([0, 1, 2]);
  expect(visibleRows(rows, new Set([step]), "")).toEqual([0, 1]);
  expect(visibleRows(rows, new Set([step]), "LOOKUP")).toEqual([1, 2]);
  expect(visibleRows(rows, new Set(), "latency")).toEqual([1, 2]);
  expect(visibleRows(rows, new Set(), "nothing")).toEqual([]);
});
