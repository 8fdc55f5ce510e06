/**
 * Kills a lab repeatedly in the middle of its runs, half of the time with its watchdog, and checks each time that
 * everything it had broken is restored: in the process table, or with docker inspect, and by requests over the links,
 * never by what the lab reports. First at each moment of the journal, then at random times.
 *
 * npm run soak -- kill [--driver process|docker] [--count 200] [--seed N]: prints a line for each of `count` kills at random
 * times, then how many were restored and how long that took. Exit code 1 when one was not.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { CONTAINER_FAULTS, FAULTS, killAtAnyTime, killsAtMoments, seeded } from "./testing/kill-choice.ts";
import { type Kill, KillTestbed, type Restoration } from "./testing/kill-round.ts";

/** One in so many kills is of a run that brought its own stack up. */
const OWN_STACK_EVERY = 10;
/** How often each moment of the journal is tested, with and without the watchdog, with different faults. */
const ROUNDS_OF_MOMENTS = 3;
/** Approximate duration of a run on an idle machine: some kills come too late, and are repeated. */
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
const keeping = new KillTestbed(join(folder, "kept"), driver);
const single = new KillTestbed(join(folder, "own"), driver);
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
    // The run had already ended: the kill does not count, unless something is left broken.
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

/** Retries once when the lab ended before its moment, for instance because its ports had been taken meanwhile. */
async function killAtLast(testbed: KillTestbed, kill: Kill): Promise<Restoration> {
  const result = await testbed.kill(kill);
  return result.wasKilled || result.damage.length > 0 ? result : testbed.kill(kill);
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
  return `NOT RESTORED: ${why}\n${result.output}`;
}

/** Milliseconds. */
function distribution(times: number[]): string {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (part: number) => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? 0);
  return `${sorted.length} kills, p50 ${at(0.5)}, p90 ${at(0.9)}, p99 ${at(0.99)}, longest ${at(1)} ms`;
}
