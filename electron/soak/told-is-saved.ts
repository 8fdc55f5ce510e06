/**
 * Kills a browser host over and over, each time when its window has been sent another number of events, and compares what the
 * window was told is saved with the rows of the history, whose integrity is checked. Prints a line a kill, then the sums. Exit 1
 * when an event was missing or the history damaged.
 *
 * npm run soak -- saved [--count 20] [--seed N]
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { seeded } from "../lab/watchdog/testing/kill-choice.ts";
import { killWhileTelling } from "../testing/kill-while-telling.ts";

const FEWEST_EVENTS = 50;
const MOST_EVENTS = 20_000;

const { values } = parseArgs({
  options: {
    count: { type: "string", default: "20" },
    seed: { type: "string", default: String(Date.now() % 1e6) },
  },
});
const random = seeded(Number(values.seed));
console.log(`${values.count} kills, seed ${values.seed}`);
const home = mkdtempSync(join(tmpdir(), "resilience-lab-soak-"));
const sums = { kills: 0, events: 0, saved: 0, missing: 0, damaged: 0 };
try {
  while (sums.kills < Number(values.count)) {
    const after = Math.round(FEWEST_EVENTS + random() * (MOST_EVENTS - FEWEST_EVENTS));
    const { events, saved, missing, damage } = await killWhileTelling(home, after);
    sums.kills++;
    sums.events += events;
    sums.saved += saved;
    sums.missing += missing.length;
    if (damage.length > 0) sums.damaged++;
    const integrity = damage.length === 0 ? "integrity ok" : damage.join("; ");
    console.log(
      `${String(sums.kills).padStart(4)}  ${events} events told, ${saved} as saved, ${missing.length} missing, ${integrity}`,
    );
  }
  const { kills, events, saved, missing, damaged } = sums;
  console.log(
    `${kills} kills: of ${events} events told, ${saved} as saved, ${missing} are missing; ${damaged} times damaged`,
  );
  process.exitCode = missing === 0 && damaged === 0 ? 0 : 1;
} finally {
  rmSync(home, { recursive: true, force: true });
}
