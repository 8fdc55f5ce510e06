import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { eventsOf, passed, started } from "../testing/sample-events.ts";
import type { LabEvent } from "./lab-event.ts";
import { RunModel } from "./run-model.ts";
import { stageAt } from "./stage.ts";
import { upgradeEvent } from "./upgrade.ts";

const FOLDER = join(import.meta.dirname, "../testing/older-runs");
const TIMES = 100;
/** A call's time is stamped by the gateway in whole milliseconds. */
const SLACK_MS = 3;

/** When calls were open, from the rows of the log alone: first row minus how long it took, to the last row. */
function openPeriods(events: readonly LabEvent[]): { fromMs: number; toMs: number }[] {
  const started = (events[0]?.wallMs ?? 0) - (events[0]?.atMs ?? 0);
  const calls = new Map<string, { fromMs: number; toMs: number }>();
  for (const event of events) {
    if (event.type !== "call.decided") continue;
    const atMs = event.decidedWallMs - started;
    const known = calls.get(event.callId) ?? { fromMs: atMs - event.durationMs, toMs: atMs };
    calls.set(event.callId, { fromMs: known.fromMs, toMs: Math.max(known.toMs, atMs) });
  }
  return [...calls.values()];
}

test("a fault says on the run's clock when it expires, wherever the time of day began", () => {
  const at = { runId: "run", wallMs: 5_000_000 };
  const log: LabEvent[] = [
    { ...at, ...started, seq: 1, atMs: 0 },
    {
      ...at,
      seq: 2,
      atMs: 400,
      wallMs: 5_000_400,
      ...{ type: "fault.intended", fault: "f", kind: "stop", target: "a", undo: "start", expiresWallMs: 5_030_400 },
    },
  ];
  expect(RunModel.of(log).faults.map(({ attributes }) => attributes.expiresMs)).toEqual([30_400]);
});

test.each(readdirSync(FOLDER).filter((name) => name.endsWith(".ndjson")))(
  "%s: at a hundred times there are as many calls on the map as the log has open ones",
  (name) => {
    const lines = readFileSync(join(FOLDER, name), "utf8").trim().split("\n");
    const events = lines.map((line) => upgradeEvent(JSON.parse(line)) as LabEvent);
    const view = RunModel.of(events);
    const periods = openPeriods(events);
    let compared = 0;
    for (let index = 0; index <= TIMES; index++) {
      const ms = (view.lastMs * index) / TIMES;
      const isEdge = periods.some(({ fromMs, toMs }) => [fromMs, toMs].some((edge) => Math.abs(edge - ms) <= SLACK_MS));
      if (isEdge) continue;
      compared++;
      const open = periods.filter(({ fromMs, toMs }) => fromMs <= ms && ms < toMs).length;
      expect({ ms, calls: stageAt(view, ms).calls.length }).toEqual({ ms, calls: open });
    }
    expect(compared).toBeGreaterThan(TIMES / 2);
  },
);

test("a held call waits at the gateway, a fault is on its target, and the agent's answer is shown once it was given", () => {
  const lines = readFileSync(join(FOLDER, "approval-timeout.ndjson"), "utf8").trim().split("\n");
  const view = RunModel.of(lines.map((line) => upgradeEvent(JSON.parse(line)) as LabEvent));
  const [approval] = view.approvals;
  const heldMs = ((approval?.startMs ?? 0) + (approval?.endMs ?? 0)) / 2;
  const stage = stageAt(view, heldMs);
  expect(stage.calls.map(({ name, link, service }) => [name, link, service])).toEqual([
    ["create_refund", undefined, "gateway"],
  ]);
  const of = (name: string) => stage.services.find((each) => each.name === name);
  expect(of("gateway")).toMatchObject({ held: 1, faults: [] });
  expect(of("mock-slack")).toMatchObject({ status: "down", faults: [{ attributes: { kind: "stop" } }] });
  expect(stage.said).toBeUndefined();
  const end = stageAt(view, view.lastMs);
  expect(end.calls).toEqual([]);
  expect(end.said?.text).toContain("create_refund");
  expect(end.services.every(({ faults, status }) => faults.length === 0 && status === "up")).toBe(true);
});

test("the links of the stack are there as the run had them, also those on which nothing happened", () => {
  const [first, ...rest] = eventsOf([started, passed]);
  const links = ["agent->gateway", "gateway->payments-mcp"];
  const view = RunModel.of([{ ...first, links } as LabEvent, ...rest]);
  expect(stageAt(view, 0).links).toEqual([
    { name: "agent->gateway", from: "agent", to: "gateway", faults: [] },
    { name: "gateway->payments-mcp", from: "gateway", to: "payments-mcp", faults: [] },
  ]);
});
