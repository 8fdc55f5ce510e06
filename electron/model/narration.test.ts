import { expect, test } from "vitest";
import { eventsOf, started } from "../testing/sample-events.ts";
import type { EventOf, LabEventBody } from "./lab-event.ts";
import { Narrator, narrationOf } from "./narration.ts";
import { RunModel } from "./run-model.ts";

const run = started as EventOf<"run.started">;
const first: LabEventBody = {
  ...run,
  scenario: { ...run.scenario, opening: "A server crashes.", closing: "It ended well." },
};
const step = (id: string, say?: string): LabEventBody => ({
  type: "step.started",
  step: id,
  kind: "call",
  label: id,
  background: false,
  ...(say === undefined ? {} : { say }),
});
const end = (outcome: "passed" | "failed"): LabEventBody => ({ type: "run.ended", outcome, reason: "it ended" });

test("an audience reads the opening, what the steps say, and the closing of a run that passed", () => {
  const events = eventsOf([first, step("1"), step("2", "Now it\u202e stops."), step("3"), end("passed")]);
  const model = RunModel.of(events);
  const seen = events.map(({ seq, atMs }) => narrationOf(model.asOf(seq, atMs)));
  const second = "Now it⟨U+202E⟩ stops.";
  expect(seen).toEqual(["A server crashes.", "A server crashes.", second, second, "It ended well."]);
  const narrator = new Narrator();
  expect(events.map((event) => narrator.take(event))).toEqual([
    "A server crashes.",
    undefined,
    second,
    undefined,
    "It ended well.",
  ]);
});

test("the closing of a run that did not pass is not shown", () => {
  const events = eventsOf([first, step("1", "Now."), end("failed")]);
  expect(narrationOf(RunModel.of(events))).toBeUndefined();
  const narrator = new Narrator();
  expect(events.map((event) => narrator.take(event)).at(-1)).toBeUndefined();
});
