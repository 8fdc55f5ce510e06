import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chooseKill, FAULTS, seeded } from "./testing/kill-choice.ts";
import { KILL_POINTS } from "./testing/kill-points.ts";
import { KillPlace } from "./testing/kill-round.ts";

const home = mkdtempSync(join(tmpdir(), "resilience-lab-kill-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));

const RANDOM_KILLS = 8;
const KEPT_RUN_MS = 1_500;
const OWN_RUN_MS = 4_000;

/** Each moment once, with a fault of its own and, every second time, with the watchdog killed too. */
const AT_MOMENTS = KILL_POINTS.flatMap((when, index) => [
  { when, fault: FAULTS[index % 5] ?? {}, watchdogToo: index % 2 === 0 },
  { when, fault: FAULTS[(index + 2) % 5] ?? {}, watchdogToo: index % 2 === 1 },
]);

// Only Linux tells of other processes without asking them.
describe.runIf(process.platform === "linux")("a lab that is killed in the middle of a run", () => {
  describe("on a stack that stays up", () => {
    const place = new KillPlace(join(home, "kept"));
    beforeAll(() => place.keepStack());
    afterAll(() => place.close());

    test.each(AT_MOMENTS)("$when of $fault leaves nothing broken (watchdog killed too: $watchdogToo)", async (kill) => {
      expect(await place.kill(kill)).toMatchObject({ wasKilled: true, damage: [] });
    });

    const random = seeded(42);
    const atRandom = Array.from({ length: RANDOM_KILLS }, (_, index) => chooseKill(index * 3 + 1, random, KEPT_RUN_MS));
    test.each(atRandom)("at a random time with $fault leaves nothing broken", async (kill) => {
      expect(await place.kill(kill)).toMatchObject({ damage: [] });
    });
  });

  describe("on a stack of its own", () => {
    const place = new KillPlace(join(home, "own"));

    test.each([
      { when: "after the apply" as const, fault: { stop: "payments-mcp" }, watchdogToo: false },
      { when: { afterMs: OWN_RUN_MS / 4 }, fault: { pause: "gateway" }, watchdogToo: true },
    ])("leaves no process behind ($when)", async (kill) => {
      expect(await place.kill(kill)).toMatchObject({ wasKilled: true, damage: [] });
    });
  });
});
