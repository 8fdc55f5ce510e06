/**
 * Kills a browser host over and over, and after each a process that appends 20,000 events to a store, which prints what is
 * answered as durable. The host is killed when its window has been sent another number of events; compares what the
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
import { killWhileStoring } from "../testing/kill-while-storing.ts";
import { killWhileTelling } from "../testing/kill-while-telling.ts";

const FEWEST_EVENTS = 50;
/** A run keeps 2,000 lines of each service and counts the rest. */
const MOST_EVENTS = 11_000;
const STORED_EVENTS = 20_000;

const { values } = parseArgs({
  options: {
    count: { type: "string", default: "20" },
    seed: { type: "string", default: String(Date.now() % 1e6) },
  },
});
const random = seeded(Number(values.seed));
console.log(`${values.count} kills, seed ${values.seed}`);
const home = mkdtempSync(join(tmpdir(), "resilience-lab-soak-"));
const sums = { kills: 0, events: 0, saved: 0, stored: 0, missing: 0, damaged: 0 };
try {
  while (sums.kills < Number(values.count)) {
    const after = Math.round(FEWEST_EVENTS + random() * (MOST_EVENTS - FEWEST_EVENTS));
    const { events, saved, missing, damage } = await killWhileTelling(home, after);
    const store = await killWhileStoring(
      join(home, `${sums.kills}.db`),
      STORED_EVENTS,
      1 + random() * (STORED_EVENTS - 1),
    );
    const lost = Math.max(0, store.told - gapless(store.stored));
    sums.kills++;
    sums.events += events;
    sums.saved += saved;
    sums.stored += store.told;
    sums.missing += missing.length + lost;
    const wrong = [...damage, ...store.integrity.filter((line) => line !== "ok")];
    if (wrong.length > 0) sums.damaged++;
    const integrity = wrong.length === 0 ? "integrity ok" : wrong.join("; ");
    console.log(
      `${String(sums.kills).padStart(4)}  ${events} events told, ${saved} as saved, ${missing.length} missing; ` +
        `of ${STORED_EVENTS} appended ${store.told} answered, ${lost} missing; ${integrity}`,
    );
  }
  const { kills, events, saved, stored, missing, damaged } = sums;
  console.log(
    `${2 * kills} kills: of ${saved} events told as saved (of ${events}) and ${stored} answered, ${missing} are missing`,
  );
  console.log(`${damaged} histories damaged`);
  process.exitCode = missing === 0 && damaged === 0 ? 0 : 1;
} finally {
  rmSync(home, { recursive: true, force: true });
}

/** Up to which number there is every event. */
function gapless(seqs: readonly number[]): number {
  const gap = seqs.findIndex((seq, at) => seq !== at + 1);
  return gap === -1 ? seqs.length : gap;
}
