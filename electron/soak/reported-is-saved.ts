/**
 * Repeatedly kills a browser host, and after each a process that appends 20,000 events to a store and prints those
 * acknowledged as durable. The host is killed after a varying number of events was sent to its window; compares the
 * events reported as saved with the rows of the history, whose integrity is checked. Prints a line per kill, then the
 * totals. Exit 1 when an event is missing or the history is damaged.
 *
 * npm run soak -- saved [--count 20] [--seed N]
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { seeded } from "../lab/watchdog/testing/kill-choice.ts";
import { killWhileStoring } from "../testing/kill-while-storing.ts";
import { killWhileStreaming } from "../testing/kill-while-streaming.ts";

const FEWEST_EVENTS = 50;
/** A run stores 2,000 lines of each service and counts the rest. */
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
    const { events, saved, missing, damage } = await killWhileStreaming(home, after);
    const store = await killWhileStoring(
      join(home, `${sums.kills}.db`),
      STORED_EVENTS,
      1 + random() * (STORED_EVENTS - 1),
    );
    const lost = Math.max(0, store.reported - gapless(store.stored));
    sums.kills++;
    sums.events += events;
    sums.saved += saved;
    sums.stored += store.reported;
    sums.missing += missing.length + lost;
    const wrong = [...damage, ...store.integrity.filter((line) => line !== "ok")];
    if (wrong.length > 0) sums.damaged++;
    const integrity = wrong.length === 0 ? "integrity ok" : wrong.join("; ");
    console.log(
      `${String(sums.kills).padStart(4)}  ${events} events sent, ${saved} reported as saved, ${missing.length} missing; ` +
        `of ${STORED_EVENTS} appended ${store.reported} acknowledged, ${lost} missing; ${integrity}`,
    );
  }
  const { kills, events, saved, stored, missing, damaged } = sums;
  console.log(
    `${2 * kills} kills: of ${saved} events reported as saved (of ${events}) and ${stored} acknowledged, ${missing} are missing`,
  );
  console.log(`${damaged} histories damaged`);
  process.exitCode = missing === 0 && damaged === 0 ? 0 : 1;
} finally {
  rmSync(home, { recursive: true, force: true });
}

/** The highest number up to which no event is missing. */
function gapless(seqs: readonly number[]): number {
  const gap = seqs.findIndex((seq, at) => seq !== at + 1);
  return gap === -1 ? seqs.length : gap;
}
