import type { RunLog } from "../events/run-log.ts";
import type { Hit } from "./proxy-hits.ts";

/** How many hits of one fault become an event each; the undo reports the total. */
const HITS_PER_FAULT = 200;

/** Logs which requests met which fault of a run. */
export class HitLogger {
  readonly #log: RunLog;
  readonly #isOurs: (fault: string) => boolean;
  readonly #logged = new Map<string, number>();

  /** @param isOurs true for a fault of this run: hits of others are ignored */
  constructor(log: RunLog, isOurs: (fault: string) => boolean) {
    this.#log = log;
    this.#isOurs = isOurs;
  }

  take({ toxic, link, effect, method, tool, sessionId: session, traceparent }: Hit): void {
    if (!this.#isOurs(toxic)) return;
    const logged = this.#logged.get(toxic) ?? 0;
    this.#logged.set(toxic, logged + 1);
    if (logged >= HITS_PER_FAULT) return;
    const traceId = traceparent?.split("-")[1];
    this.#log.append({
      type: "fault.hit",
      fault: toxic,
      link,
      effect,
      ...(method === undefined ? {} : { method }),
      ...(tool === undefined ? {} : { tool }),
      ...(session === undefined ? {} : { session }),
      ...(traceId === undefined ? {} : { traceId }),
    });
  }
}
