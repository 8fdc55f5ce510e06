import { expect, test } from "vitest";
import { eventsOf, started } from "../testing/sample-events.ts";
import { describeEvent, isFailure, printEvent, subjectOf } from "./catalogue/catalogue.ts";
import type { EventOf, LabEventBody } from "./lab-event.ts";
import { RunModel } from "./run-model.ts";
import { OPEN } from "./span.ts";

type WireBody = Omit<EventOf<"wire.call">, "runId" | "seq" | "atMs" | "wallMs">;

const call = (more: Partial<WireBody>): LabEventBody => ({
  type: "wire.call",
  call: "a-1",
  link: "gateway->billing",
  http: "POST /mcp",
  method: "tools/call",
  tool: "pay",
  startedWallMs: 0,
  outcome: "open",
  requestBytes: 10,
  replyBytes: 0,
  faults: [],
  ...more,
});
const step: LabEventBody = { type: "step.started", step: "step-1", kind: "http", label: "ask", background: false };

test("an exchange that is reported while it is open and when it ends is one span, below the step that was under way", () => {
  const events = eventsOf([started, step]);
  const startedWallMs = events.at(-1)?.wallMs ?? 0;
  const bodies = [
    call({ startedWallMs }),
    call({ startedWallMs, endedWallMs: startedWallMs + 1, outcome: "error", error: "HTTP 503", status: 503 }),
  ];
  const all = eventsOf([started, step, ...bodies]);
  const [open, ended] = all.slice(2);
  const before = RunModel.of(all.slice(0, 3));
  expect(before.wireCalls).toMatchObject([{ name: "pay", status: "open", endMs: OPEN }]);
  const view = RunModel.of(all);
  expect(view.wireCalls).toMatchObject([{ name: "pay", status: "error", parent: view.steps[0]?.id }]);
  expect(view.asOf(3, 0).wireCalls).toMatchObject([{ status: "open" }]);
  for (const event of [open, ended]) expect(event && subjectOf(event, view)).toBe(view.wireCalls[0]);
});

test("only calls that checks count are printed and are failures: where the gateway records them, they are not shown twice", () => {
  const wallMs = 1_000;
  const failed = { startedWallMs: wallMs, endedWallMs: wallMs + 20, outcome: "error" as const, error: "HTTP 503" };
  const [beside, counted, open] = eventsOf([
    call(failed),
    call({ ...failed, isCounted: true }),
    call({ isCounted: true }),
  ]);
  const lines = [beside, counted, open].map((event) => (event ? printEvent(event) : []));
  expect(lines.map((printed) => printed.map(({ parts }) => parts.map(({ text }) => text).join("")))).toEqual([
    [],
    ["gateway->billing pay error after 20 ms  HTTP 503"],
    [],
  ]);
  expect([beside, counted, open].map((event) => event && isFailure(event))).toEqual([false, true, false]);
  expect(beside && describeEvent(beside).text).toBe("gateway->billing pay: HTTP 503");
});

test("exchanges that were left out of the log are told by number and link", () => {
  const [dropped] = eventsOf([{ type: "wire.calls-dropped", link: "a->b", calls: 2 }]);
  expect(dropped && printEvent(dropped)[0]?.word).toBe("warning");
  expect(dropped && describeEvent(dropped).text).toBe("2 calls on a->b are not in the log: there were too many");
});
