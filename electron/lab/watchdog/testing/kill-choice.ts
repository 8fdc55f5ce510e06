import { KILL_POINTS } from "./kill-points.ts";
import type { Kill } from "./kill-round.ts";

/** Every kind of fault that leaves something to restore, on targets that other services depend on. */
export const FAULTS: readonly Record<string, string>[] = [
  { stop: "payments-mcp" },
  { kill: "payments-mcp" },
  { pause: "payments-mcp" },
  { latency: "gateway->payments-mcp", by: "60s" },
  { down: "gateway->payments-mcp" },
  { stop: "gateway" },
  { kill: "mock-slack" },
  { pause: "fault-proxy" },
  { kill: "fault-proxy" },
  { stop: "audit-db" },
  { timeout: "agent->gateway" },
  { latency: "gateway->audit-db", by: "60s" },
];

/** Faults that only containers support. */
export const CONTAINER_FAULTS: readonly Record<string, string>[] = [
  { disconnect: "payments-mcp" },
  { disconnect: "fault-proxy" },
  { disconnect: "gateway" },
];

/** Numbers in [0, 1) that are the same for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function pick<Item>(items: readonly Item[], random: () => number): Item {
  return items[Math.floor(random() * items.length)] as Item;
}

/** A kill at a random time; every second one kills the watchdog too. */
export function killAtAnyTime(index: number, random: () => number, longestMs: number, faults = FAULTS): Kill {
  return {
    fault: pick(faults, random),
    when: { afterMs: Math.round(random() * longestMs) },
    watchdogToo: index % 2 === 1,
  };
}

/** Each moment of the journal, without the watchdog and with it. */
export function killsAtMoments(random: () => number, faults = FAULTS): Kill[] {
  return KILL_POINTS.flatMap((when) =>
    [false, true].map((watchdogToo) => ({ fault: pick(faults, random), when, watchdogToo })),
  );
}
