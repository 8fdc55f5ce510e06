import { expect, test } from "vitest";
import { lastingFolder } from "../../testing/lasting-folder.ts";
import { protectionsOf } from "../stacks/protections.ts";
import { REFERENCE_STACK_FILE } from "../stacks/reference-stack.ts";
import { loadStack } from "../stacks/stack-file.ts";
import { shippedScenarios } from "./shipped.ts";

/** Of the gateway's backends, its bounds, and its back-off under pressure. */
const OF_THE_GATEWAY = [
  "unhealthy-backend-excluded",
  "healthy-peer-unaffected",
  "recovered-backend-returns",
  "all-backends-down",
  "circuit-opens-and-recovers",
  "flapping-backend",
  "fail-slow-backend",
  "body-stall-during-list",
  "retry-amplification",
  "ambiguous-timeout-on-a-write",
  "server-pushback",
  "noisy-neighbour",
  "runaway-agent-loop",
  "capability-drift",
  "stale-capabilities",
  "embedding-outage",
  "name-collision",
  "abandoned-sessions",
  "slow-consumer",
  "event-storm-under-pressure",
  "empty-agent-result",
  "stdio-server-crash-loop",
];

const shipped = new Map(shippedScenarios().map(({ scenario }) => [scenario.id, scenario]));
const protections = protectionsOf(loadStack(REFERENCE_STACK_FILE, { RESILIENCE_LAB_HOME: lastingFolder() }));

test.each(OF_THE_GATEWAY)(
  "%s shows a protection, demands an end of each call, and has sentences for an audience",
  (id) => {
    const scenario = shipped.get(id);
    expect(scenario).toMatchObject({
      protection: expect.toBeOneOf(protections),
      leavesOpen: "nothing",
      opening: expect.any(String),
      closing: expect.any(String),
    });
    expect(scenario?.method.some(({ say }) => say !== undefined)).toBe(true);
  },
);
