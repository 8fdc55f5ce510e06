/**
 * Kills a lab over and over in the middle of its runs, half of the time with its watchdog, and looks each time whether
 * everything that it had broken is put back: by the process table, or docker inspect, and by requests over the links, never
 * by the lab's word. First at each moment of the journal, then at random times.
 *
 * npm run soak -- kill [--driver process|docker] [--count 200] [--seed N]: so many kills at random times, a line a kill, then how
 * many were restored and how long that took. Exit 1 when one was not.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { CONTAINER_FAULTS, FAULTS, killAtAnyTime, killsAtMoments, seeded } from "./testing/kill-choice.ts";
import { type Kill, KillPlace, type Restoration } from "./testing/kill-round.ts";

/** Of so many kills one is of a run that had brought its own stack up. */
const OWN_STACK_EVERY = 10;
/** Each moment of the journal so many times, with and without the watchdog, with other faults. */
const ROUNDS_OF_MOMENTS = 3;
/** About as long as such a run takes on a machine that is not busy: some kills come too late, and are made again. */
const RUN_MS = { process: { kept: 1_500, own: 4_000 }, docker: { kept: 3_000, own: 15_000 } };

const { values } = parseArgs({
  options: {
    driver: { type: "string", default: "process" },
    count: { type: "string", default: "200" },
    seed: { type: "string", default: String(Date.now() % 1e6) },
  },
});
const driver = values.driver === "docker" ? "docker" : "process";
const faults = driver === "docker" ? [...FAULTS, ...CONTAINER_FAULTS] : FAULTS;
const count = Number(values.count);
const random = seeded(Number(values.seed));
console.log(
  `kills at each moment of the journal, then ${count} at random times, on the ${driver} driver, seed ${values.seed}`,
);

const folder = mkdtempSync(join(tmpdir(), "resilience-lab-soak-"));
const keeping = new KillPlace(join(folder, "kept"), driver);
const single = new KillPlace(join(folder, "own"), driver);
const times: { withWatchdog: number[]; nextStart: number[] } = { withWatchdog: [], nextStart: [] };
const atMoments = { made: 0, restored: 0 };
const atRandom = { made: 0, restored: 0 };
let brokenOnKept = 0;
let madeOnKept = 0;
let leftAtEnd: string[] = [];
await keeping.keepStack();
try {
  const moments = Array.from({ length: ROUNDS_OF_MOMENTS }, () => killsAtMoments(random, faults)).flat();
  for (const kill of moments) {
    const isOwn = isWithOwnStack(atMoments.made);
    take(atMoments, kill, isOwn, await killAtLast(isOwn ? single : keeping, kill));
  }
  while (atRandom.made < count) {
    const isOwn = isWithOwnStack(atRandom.made);
    const kill = killAtAnyTime(atRandom.made, random, RUN_MS[driver][isOwn ? "own" : "kept"], faults);
    const result = await (isOwn ? single : keeping).kill(kill);
    // It had ended by itself, as it should: nothing was learned. With something left broken it counts, as a miss.
    if (!result.wasKilled && result.damage.length === 0) continue;
    take(atRandom, kill, isOwn, result);
  }
  leftAtEnd = [...(await keeping.damage()), ...(await single.damage())];
} finally {
  await keeping.close();
  await single.close();
}
const isAllRestored = [atMoments, atRandom].every(({ made, restored }) => restored === made) && leftAtEnd.length === 0;
console.log(`${atMoments.restored} of ${atMoments.made} restored, killed at the moments of the journal`);
console.log(`${atRandom.restored} of ${atRandom.made} restored, killed at random times`);
console.log(`${brokenOnKept} of ${madeOnKept} on the kept stack were seen broken before that`);
for (const what of leftAtEnd) console.log(`LEFT AT THE END: ${what}`);
console.log(`by the watchdog      ${distribution(times.withWatchdog)}`);
console.log(`by the next start    ${distribution(times.nextStart)}`);
rmSync(folder, { recursive: true, force: true });
process.exitCode = isAllRestored ? 0 : 1;

function isWithOwnStack(index: number): boolean {
  return index % OWN_STACK_EVERY === OWN_STACK_EVERY - 1;
}

function take(tally: { made: number; restored: number }, kill: Kill, isOwn: boolean, result: Restoration): void {
  tally.made++;
  if (isRestored(result)) tally.restored++;
  if (!isOwn) {
    madeOnKept++;
    if (result.wasBroken) brokenOnKept++;
  }
  (kill.watchdogToo ? times.nextStart : times.withWatchdog).push(result.restoredMs);
  const number = String(atMoments.made + atRandom.made).padStart(4);
  console.log(`${number}  ${describe(kill, isOwn)}  ${outcome(result)}`);
}

/** A lab that could not begin, its ports having been taken meanwhile, has not come to its moment: it is given another go. */
async function killAtLast(place: KillPlace, kill: Kill): Promise<Restoration> {
  const result = await place.kill(kill);
  return result.wasKilled || result.damage.length > 0 ? result : place.kill(kill);
}

function isRestored({ wasKilled, damage }: Restoration): boolean {
  return wasKilled && damage.length === 0;
}

function describe({ fault, when, watchdogToo }: Kill, isOwn: boolean): string {
  const [kind, target] = Object.entries(fault)[0] ?? [];
  const moment = typeof when === "string" ? when : `after ${when.afterMs} ms`;
  const who = watchdogToo ? "lab and watchdog" : "lab";
  return `${who.padEnd(16)}  ${moment.padEnd(16)}  ${`${kind} ${target}`.padEnd(30)}  ${isOwn ? "own stack " : "kept stack"}`;
}

function outcome(result: Restoration): string {
  const { wasKilled, wasBroken, damage, restoredMs } = result;
  if (isRestored(result)) return `${wasBroken ? "broken, " : ""}restored in ${Math.round(restoredMs)} ms`;
  const why = [...(wasKilled ? [] : ["it was not killed at its moment"]), ...damage].join("; ");
  return `NOT RESTORED: ${why}\n${result.said}`;
}

/** Milliseconds. */
function distribution(times: number[]): string {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (part: number) => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? 0);
  return `${sorted.length} kills, p50 ${at(0.5)}, p90 ${at(0.9)}, p99 ${at(0.99)}, longest ${at(1)} ms`;
}
