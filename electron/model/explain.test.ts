import { describe, expect, test } from "vitest";
import { decided, eventAt, started } from "../testing/sample-events.ts";
import { explainFailures } from "./explain.ts";
import type { LabEventBody } from "./lab-event.ts";
import { RunModel } from "./run-model.ts";

const RUN_STARTED_MS = 1_700_000_000_010;
const services = [
  { name: "gateway", role: "gateway" },
  { name: "payments-mcp", role: "mcp-server" },
  { name: "mock-slack", role: "approval-channel" },
  { name: "fault-proxy", role: "fault-proxy" },
];

/** Explanations for a run with these events, each at its milliseconds from the start. */
function explained(...happenings: [atMs: number, body: LabEventBody][]) {
  const events = [[0, { ...started, services }] as [number, LabEventBody], ...happenings].map(
    ([atMs, body], index) => ({
      ...eventAt(index + 1, body),
      atMs,
    }),
  );
  return explainFailures(RunModel.of(events)).map(({ call, fault }) => [
    call.attributes.callId,
    fault?.attributes.fault,
  ]);
}

const intended = (target: string, fault = "f"): LabEventBody => {
  return { type: "fault.intended", fault, kind: "stop", target, undo: "start", expiresWallMs: 0 };
};
const applied = (fault = "f"): LabEventBody => ({ type: "fault.applied", fault, detail: "" });
const undone = (fault = "f"): LabEventBody => ({ type: "fault.undone", fault, result: "restored", detail: "" });
/** A call that failed upstream, with start and end in milliseconds from the start of the run. */
const failed = (startMs: number, endMs: number, more: { callId?: string; traceId?: string } = {}): LabEventBody =>
  decided({ decision: "upstream_error", decidedWallMs: RUN_STARTED_MS + endMs, durationMs: endMs - startMs, ...more });

describe("a call that failed upstream", () => {
  test("is explained by the fault that was in force on its server, or on a link to it", () => {
    expect(explained([10, intended("payments-mcp")], [20, applied()], [90, failed(50, 80)])).toEqual([["call-1", "f"]]);
    const link = "gateway->payments-mcp";
    expect(explained([10, intended(link)], [20, applied()], [90, failed(50, 80)])).toEqual([["call-1", "f"]]);
  });

  test("while the fault was still being applied, is explained by it", () => {
    expect(explained([10, intended("payments-mcp")], [90, failed(20, 30)], [2_000, applied()])).toEqual([
      ["call-1", "f"],
    ]);
  });

  test("shortly after the fault was undone, is explained by it: connections take a moment to recover", () => {
    const stop: [number, LabEventBody][] = [
      [10, intended("payments-mcp")],
      [20, applied()],
      [100, undone()],
    ];
    expect(explained(...stop, [900, failed(600, 800)])).toEqual([["call-1", "f"]]);
    expect(explained(...stop, [5_000, failed(4_000, 4_100)])).toEqual([["call-1", undefined]]);
  });

  test("before anything was broken is not explained", () => {
    expect(explained([500, intended("payments-mcp")], [510, applied()], [520, failed(100, 200)])).toEqual([
      ["call-1", undefined],
    ]);
  });

  test("is not explained by what is broken elsewhere", () => {
    for (const target of ["mock-slack", "gateway->mock-slack", "gateway", "agent->gateway"]) {
      expect(explained([10, intended(target)], [20, applied()], [90, failed(50, 80)])).toEqual([["call-1", undefined]]);
    }
  });

  test("is explained by a fault proxy that is down, since every link goes through it", () => {
    expect(explained([10, intended("fault-proxy")], [20, applied()], [90, failed(50, 80)])).toEqual([["call-1", "f"]]);
  });

  test("is explained by the fault that its own request met, whatever else was in force", () => {
    const hit: LabEventBody = {
      type: "fault.hit",
      fault: "a",
      link: "gateway->payments-mcp",
      effect: "lost",
      traceId: "t1",
    };
    const both: [number, LabEventBody][] = [
      [1, intended("gateway->payments-mcp", "a")],
      [2, intended("payments-mcp", "b")],
      [3, hit],
    ];
    expect(explained(...both, [9, failed(4, 8, { traceId: "t1" })])).toEqual([["call-1", "a"]]);
    expect(explained(...both, [9, failed(4, 8, { traceId: "t2" })])).toEqual([["call-1", "b"]]);
    expect(explained(...both, [9, failed(4, 8, { traceId: "" })])).toEqual([["call-1", "b"]]);
  });
});

test("calls that did not fail upstream need no explanation", () => {
  expect(explained([1, decided({ decision: "deny" })], [2, decided({ callId: "2", decision: "allow" })])).toEqual([]);
});
