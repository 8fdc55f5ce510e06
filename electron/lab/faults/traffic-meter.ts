import type { LinkTraffic } from "../../contract/stack.ts";
import type { Clock } from "../clock.ts";
import { outcomeOf } from "./wire-event.ts";
import type { WireTaker } from "./wire-logger.ts";
import type { WireRecord } from "./wire-records.ts";

/** What a rate is of. */
const RATE_MS = 10_000;
/** Exchanges of one link whose end is awaited; a stream of events may stay open for ever. */
const OPEN_LIMIT = 1_000;

interface Counted {
  traffic: Omit<LinkTraffic, "perSecond">;
  /** When the exchanges of the last while were first seen, on the monotonic clock. */
  recent: number[];
  open: Set<string>;
}

/** Counts the exchanges on links, as they are read on the wire, and keeps none of them but the last. */
export class TrafficMeter implements WireTaker {
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #links = new Map<string, Counted>();

  constructor(clock: Pick<Clock, "monotonicMs">) {
    this.#clock = clock;
  }

  take(record: WireRecord): void {
    const { link, id, at, endMs, http, method, tool, status } = record;
    const { traffic, recent, open } = this.#of(link);
    const isKnown = open.delete(id);
    if (!isKnown) {
      traffic.calls++;
      recent.push(this.#clock.monotonicMs());
      forgetOld(recent, this.#clock.monotonicMs());
    }
    if (endMs === undefined) {
      if (open.size < OPEN_LIMIT) open.add(id);
      return;
    }
    const { outcome, error } = outcomeOf(record);
    if (outcome === "error") traffic.errors++;
    const what = [method ?? http, tool].filter((each) => each !== undefined).join(" ");
    traffic.last = { what, error: error ?? null, status: status ?? null, wallMs: at + endMs, durationMs: endMs };
  }

  /** Exchanges that were not read are exchanges nevertheless. */
  drop(link: string, calls: number): void {
    const counted = this.#links.get(link);
    if (counted !== undefined) counted.traffic.calls += calls;
  }

  /** Of each of these links, in their order. */
  read(links: readonly string[]): LinkTraffic[] {
    return links.map((link) => {
      const { traffic, recent } = this.#of(link);
      forgetOld(recent, this.#clock.monotonicMs());
      return { ...traffic, perSecond: recent.length / (RATE_MS / 1_000) };
    });
  }

  #of(link: string): Counted {
    const counted = this.#links.get(link) ?? {
      traffic: { link, calls: 0, errors: 0, last: null },
      recent: [],
      open: new Set<string>(),
    };
    this.#links.set(link, counted);
    return counted;
  }
}

function forgetOld(recent: number[], nowMs: number): void {
  const firstKept = recent.findIndex((atMs) => nowMs - atMs <= RATE_MS);
  recent.splice(0, firstKept < 0 ? recent.length : firstKept);
}
