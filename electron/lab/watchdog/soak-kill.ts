/**
 * Kills a lab over and over in the middle of its runs, half of the time with its watchdog, and looks each time whether
 * everything that it had broken is put back: by the process table, or docker inspect, and by requests over the links, never
 * by the lab's word.
 *
 * soak-kill.ts [--driver process|docker] [--count 200] [--seed N]: a line a kill, then how many were restored and how long that took.
 * Exit 1 when one was not.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { CONTAINER_FAULTS, chooseKill, FAULTS, seeded } from "./testing/kill-choice.ts";
import { type Kill, KillPlace, type Restoration } from "./testing/kill-round.ts";

/** Of so many kills one is of a run that had brought its own stack up. */
const OWN_STACK_EVERY = 10;
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
console.log(`${count} kills on the ${driver} driver, seed ${values.seed}`);

const folder = mkdtempSync(join(tmpdir(), "resilience-lab-soak-"));
const keeping = new KillPlace(join(folder, "kept"), driver);
const single = new KillPlace(join(folder, "own"), driver);
const times: { withWatchdog: number[]; nextStart: number[] } = { withWatchdog: [], nextStart: [] };
let restored = 0;
await keeping.keepStack();
try {
  for (let index = 0; index < count; ) {
    const isOwn = index % OWN_STACK_EVERY === OWN_STACK_EVERY - 1;
    const kill = chooseKill(index, random, RUN_MS[driver][isOwn ? "own" : "kept"], faults);
    const place = isOwn ? single : keeping;
    const result = await killAtLast(place, kill);
    if (!result.wasKilled && typeof kill.when === "object") continue;
    index++;
    if (isRestored(result)) restored++;
    (kill.watchdogToo ? times.nextStart : times.withWatchdog).push(result.restoredMs);
    console.log(`${String(index).padStart(4)}  ${describe(kill, isOwn)}  ${outcome(result)}`);
  }
} finally {
  await keeping.close();
  await single.close();
}
console.log(`${restored} of ${count} restored`);
console.log(`by the watchdog      ${distribution(times.withWatchdog)}`);
console.log(`by the next start    ${distribution(times.nextStart)}`);
rmSync(folder, { recursive: true, force: true });
process.exitCode = restored === count ? 0 : 1;

/** A lab that could not begin, its ports having been taken meanwhile, has not come to its moment: it is given another go. */
async function killAtLast(place: KillPlace, kill: Kill): Promise<Restoration> {
  const result = await place.kill(kill);
  const isOver = result.wasKilled || result.damage.length > 0 || typeof kill.when === "object";
  return isOver ? result : place.kill(kill);
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
  if (isRestored(result)) return `restored in ${Math.round(result.restoredMs)} ms`;
  const why = result.wasKilled ? result.damage.join("; ") : "it was not killed at its moment";
  return `NOT RESTORED: ${why}\n${result.said}`;
}

/** Milliseconds. */
function distribution(times: number[]): string {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (part: number) => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? 0);
  return `${sorted.length} kills, p50 ${at(0.5)}, p90 ${at(0.9)}, p99 ${at(0.99)}, longest ${at(1)} ms`;
}
