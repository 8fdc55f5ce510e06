import { expect, test } from "vitest";
import { eventsOf, sampleRun, started } from "../testing/sample-events.ts";
import { labEvent } from "./lab-event.ts";
import { EVENT_VERSION, NewerEvents, type StoredEvent, upgradeEvent } from "./upgrade.ts";

test("events of this version are unchanged", () => {
  for (const event of sampleRun()) expect(upgradeEvent(event as unknown as StoredEvent)).toBe(event);
});

test("a log without a version is version 1, and is upgraded to the newest", () => {
  const [{ eventVersion: _eventVersion, ...first }] = eventsOf([started]) as unknown as [StoredEvent];
  expect(labEvent.safeParse(first).success).toBe(false);
  expect(labEvent.parse(upgradeEvent(first))).toMatchObject({ type: "run.started", eventVersion: EVENT_VERSION });
});

test("a log of a newer lab is refused with the next step", () => {
  const newer = { ...started, eventVersion: EVENT_VERSION + 1 } as unknown as StoredEvent;
  expect(() => upgradeEvent(newer)).toThrow(NewerEvents);
  expect(() => upgradeEvent(newer)).toThrow("newer Resilience Lab");
});

test("an invalid event is left to the schema check", () => {
  for (const stored of [{}, { type: 7 }, { type: "nothing" }]) expect(upgradeEvent(stored)).toBe(stored);
});
