import { expect, test } from "vitest";
import { describeEvent } from "../../electron/model/catalogue/catalogue.ts";
import type { LabEvent } from "../../electron/model/lab-event.ts";
import { RunModel } from "../../electron/model/run-model.ts";
import { TONES } from "../../electron/model/tone.ts";
import { inconclusiveRun } from "../../electron/testing/sample-events.ts";
import { RECORDED } from "../timeline/fixtures/recorded-runs.ts";
import { TimelineModel } from "../timeline/timeline-model.ts";
import { compareRuns } from "./comparison.ts";
import { eventContains } from "./describe-item.ts";
import { momentOf } from "./moment.ts";

const storm = RunModel.of(RECORDED.retryStorm);
const timeout = RunModel.of(RECORDED.approvalTimeout);
const named = (facts: ReturnType<typeof compareRuns>, name: string) => facts.find((fact) => fact.name === name);

test("a run compared with itself has no differences", () => {
  expect(compareRuns(storm, storm, String).filter(({ differs }) => differs)).toEqual([]);
});

test("decisions and checks of both runs are compared, also those of only one", () => {
  const facts = compareRuns(storm, timeout, String);
  expect(named(facts, "Decisions")).toMatchObject({ differs: true });
  expect(named(facts, "Check: ratio")).toMatchObject({ left: "passed", right: "–", differs: true });
  expect(named(facts, "Outcome")).toMatchObject({ left: "passed", right: "passed", differs: false });
});

test("an inconclusive check is neither passed nor failed, wherever it is shown", () => {
  const events = inconclusiveRun();
  const inconclusive = RunModel.of(events);
  const facts = compareRuns(storm, inconclusive, String);
  expect(named(facts, "Outcome")).toMatchObject({ left: "passed", right: "inconclusive", differs: true });
  expect(named(facts, "Check: decisions")).toMatchObject({
    right: "inconclusive: the audit log cannot be read: gone",
  });
  const check = events.find((event) => event.type === "check.evaluated") as LabEvent;
  expect(describeEvent(check)).toMatchObject({ tone: "warning", text: expect.stringContaining("inconclusive") });
  const model = new TimelineModel();
  new RunModel(model).takeAll(events);
  expect(TONES[model.lanes.checks.spans.tone[0] ?? 0]).toBe("warning");
  expect(model.errorSeqs).toEqual([2, 3]);
});

test("durations are not reported as differences", () => {
  expect(named(compareRuns(storm, timeout, String), "Duration")?.differs).toBe(false);
});

test("a moment in the middle has its faults, waiting calls and steps", () => {
  const view = RunModel.of(RECORDED.approvalTimeout.slice(0, 22));
  const moment = momentOf(view);
  expect(moment).toMatchObject({ phase: "method", waiting: 1 });
  expect(moment.faults.map(({ attributes }) => attributes.target)).toEqual(["mock-slack"]);
  expect(moment.steps.map(({ attributes }) => attributes.kind)).toEqual(["agent"]);
  expect(moment.health.find(({ service }) => service === "mock-slack")?.status).toBe("down");
});

test("every recorded event has a text, and is found by its arguments", () => {
  for (const event of RECORDED.approvalTimeout) expect(describeEvent(event).text, event.type).not.toBe("");
  const found = RECORDED.approvalTimeout.filter((event) => eventContains(event, "ch_1007"));
  expect(found.some(({ type }) => type === "call.decided")).toBe(true);
});
