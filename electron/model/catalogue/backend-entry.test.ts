import { expect, test } from "vitest";
import { eventAt } from "../../testing/sample-events.ts";
import type { EventOf, LabEventBody } from "../lab-event.ts";
import { lookOfSpan } from "../looks.ts";
import { RunModel } from "../run-model.ts";
import type { AnySpan } from "../span.ts";
import { describeEvent, isFailure, printEvent } from "./catalogue.ts";

const changed = (change: Pick<EventOf<"backend.changed">, "what" | "from" | "to">) =>
  eventAt(3, {
    type: "backend.changed",
    backend: "support",
    reason: "because",
    changedWallMs: 1,
    ...change,
  } as LabEventBody);
const printed = (event: ReturnType<typeof changed>) =>
  printEvent(event).map(({ word, parts }) => `${word} ${parts.map(({ text }) => text).join("")}`);

test.each([
  [{ what: "circuit", from: "closed", to: "open" }, "down", true],
  [{ what: "circuit", from: "open", to: "half-open" }, "degraded", false],
  [{ what: "circuit", from: "half-open", to: "closed" }, "up", false],
  [{ what: "health", from: "healthy", to: "unhealthy" }, "down", true],
  [{ what: "health", from: "unhealthy", to: "degraded" }, "degraded", false],
  [{ what: "health", from: "unknown", to: "unauthenticated" }, "down", true],
] as const)("%j is printed, as %s", (change, tone, failure) => {
  const event = changed(change);
  expect(printed(event)).toEqual([`backend support ${change.what} ${change.from} -> ${change.to}  because`]);
  expect([describeEvent(event).tone, isFailure(event)]).toEqual([tone, failure]);
});

test("a backend that is healthy at first is not printed, and is in the list", () => {
  const event = changed({ what: "health", from: "unknown", to: "healthy" });
  expect([printed(event), describeEvent(event).text]).toEqual([[], "support: health unknown → healthy (because)"]);
});

test("a circuit that opens is a period in the lane of the gateway's backends, until it closes or the run ends", () => {
  const change = (seq: number, from: "closed" | "open", to: "closed" | "open") =>
    ({ ...changed({ what: "circuit", from, to }), seq, atMs: seq * 100 }) as ReturnType<typeof changed>;
  const other = { ...changed({ what: "health", from: "healthy", to: "unhealthy" }), seq: 2, atMs: 150 };
  const { backends } = RunModel.of([change(1, "closed", "open"), other, change(3, "open", "closed")]);
  expect(backends.map(({ name, status, startMs, endMs }) => [name, status, startMs, endMs])).toEqual([
    ["support circuit", "open", 100, 300],
    ["support health", "unhealthy", 150, Infinity],
    ["support circuit", "closed", 300, Infinity],
  ]);
  expect(backends[0] && lookOfSpan(backends[0] as AnySpan)).toEqual({
    lane: "backends",
    row: "support circuit",
    tone: "down",
    label: [{ text: "circuit open: because" }],
  });
});
