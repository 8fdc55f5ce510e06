import type { RunLog } from "../events/run-log.ts";
import { wireEventOf } from "./wire-event.ts";
import type { WireRecord } from "./wire-records.ts";

/** Logged exchanges of one link in one run; further ones are only counted. */
const CALLS_PER_LINK = 5_000;

export interface WireLoggerParts {
  log: RunLog;
  /** True for a fault of this run: those of others are left out. */
  isOurs(fault: string): boolean;
  /** Whether checks count it; asked once for each exchange. */
  isCounted(record: WireRecord): boolean;
}

/** What takes the exchanges on links: each once when it begins, if that is read, and once when it has ended. */
export interface WireTaker {
  take(record: WireRecord): void;
  /** Notes exchanges that could not be read. */
  drop(link: string, calls: number): void;
}

/** Logs the exchanges on links during a run. */
export class WireLogger implements WireTaker {
  readonly #parts: WireLoggerParts;
  readonly #logged = new Map<string, number>();
  readonly #dropped = new Map<string, number>();
  /** Exchanges with an event and without an end. */
  readonly #open = new Set<string>();

  constructor(parts: WireLoggerParts) {
    this.#parts = parts;
  }

  take(record: WireRecord): void {
    const { log, isOurs, isCounted } = this.#parts;
    const { link, id, endMs, tool, toxics } = record;
    const isKnown = this.#open.delete(id);
    const logged = this.#logged.get(link) ?? 0;
    if (!isKnown && logged >= CALLS_PER_LINK) {
      if (endMs !== undefined) this.drop(link, 1);
      return;
    }
    if (!isKnown) this.#logged.set(link, logged + 1);
    if (endMs === undefined) this.#open.add(id);
    const counted = tool !== undefined && isCounted(record);
    const event = wireEventOf({ ...record, toxics: toxics?.filter(isOurs) });
    log.append({ ...event, ...(counted ? { isCounted: true as const } : {}) });
  }

  drop(link: string, calls: number): void {
    this.#dropped.set(link, (this.#dropped.get(link) ?? 0) + calls);
  }

  /** What is missing from the log, one text for each link. */
  missing(): string[] {
    return [...this.#dropped].map(([link, calls]) => `${calls} calls on ${link} are not in the log`);
  }

  /** Logs how many were left out. */
  close(): void {
    for (const [link, calls] of this.#dropped) this.#parts.log.append({ type: "wire.calls-dropped", link, calls });
  }
}

/** The exchanges of one proxy, which numbers them: each is passed on once, and a number that is left out is a dropped one. */
export class WireSequence {
  readonly #taker: WireTaker;
  readonly #of: string;
  last: number;

  /** @param of the link or the proxy, for a person */
  constructor(taker: WireTaker, of: string, last = 0) {
    this.#taker = taker;
    this.#of = of;
    this.last = last;
  }

  take(record: WireRecord): void {
    if (record.seq <= this.last) return;
    this.skipTo(record.seq - 1);
    this.last = record.seq;
    this.#taker.take(record);
  }

  skipTo(seq: number): void {
    if (seq > this.last) this.#taker.drop(this.#of, seq - this.last);
    this.last = Math.max(this.last, seq);
  }
}
