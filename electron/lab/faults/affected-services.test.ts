import { expect, test } from "vitest";
import type { Baseline } from "../journal/baseline.ts";
import type { JournaledFault } from "../journal/fault-journal.ts";
import { brokenByOthers, disjointGroups } from "./affected-services.ts";

function fault(id: string, target: string, ...sharers: string[]): JournaledFault {
  const containers = [target, ...sharers].map((service) => ({ service }));
  const before = { containers } as unknown as Baseline;
  const identity = { kind: "container", id: target, startedAt: "" } as const;
  const times = { intendedWallMs: 0, expiresWallMs: 0 };
  return { id, runId: "r", stackId: "s", kind: "stop", target, identity, undo: "", before, ...times };
}

test("a service is broken by another fault on it, or on a service whose namespace it shares", () => {
  const [web, side, db] = [fault("1", "web", "side"), fault("2", "side"), fault("3", "db")];
  const open = [web, side, db];
  expect(["web", "side", "db", "other"].filter(brokenByOthers(open, web))).toEqual(["side", "db"]);
  expect(["web", "side", "db", "other"].filter(brokenByOthers(open, side))).toEqual(["web", "side", "db"]);
  expect(["web", "side"].filter(brokenByOthers([web], web))).toEqual([]);
});

test("faults with a service in common stay together, in their order", () => {
  const faults = [
    fault("1", "side"),
    fault("2", "db"),
    fault("3", "web", "side"),
    fault("4", "web"),
    fault("5", "api"),
  ];
  const ids = disjointGroups(faults).map((group) => group.map(({ id }) => id).join());
  expect(ids.sort()).toEqual(["1,3,4", "2", "5"]);
});
