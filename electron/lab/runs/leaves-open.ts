import { resultOf } from "../../model/check-result.ts";
import { isObject } from "../../model/json.ts";
import { isTimeout, within } from "../abort-scope.ts";
import { retryPauseMs } from "../retry-pause.ts";
import { inconclusive } from "../scenarios/certainty.ts";
import { describeVerdict, type Verdict, verdict } from "../scenarios/checks.ts";
import type { RunContext } from "../scenarios/run-context.ts";
import { settle } from "../scenarios/settle-calls.ts";
import { countCalls, unknownEnd, withoutOneEnd } from "./call-ends.ts";
import { type Ending, isOpen as isUndecided } from "./run-stopped.ts";

/** Connections and streams take a moment to close; sessions at a server end by a request each. */
export const CLOSE_LIMIT_MS = 10_000;
const READ_LIMIT_MS = 2_000;

/** What services report under `diagnostics` of what they hold open. */
const GAUGES: Readonly<Record<string, string>> = {
  open_requests: "requests or streams",
  open_sockets: "sockets",
  open_timers: "timers",
  listeners: "listeners",
  sessions: "sessions",
  subscribers: "subscribers",
  running_executions: "calls in progress",
};

/** Numbers by service and gauge, `gateway open_sockets`. */
type Readings = Map<string, number>;

/**
 * Compares what services hold open before the method and after the rollback, and counts the ends of the run's calls. A gauge
 * differs from moment to moment, so it passes once it is seen at its level from before: what stays open stays above it.
 */
export class LeavesOpen {
  readonly #context: RunContext;
  readonly #limitMs: number;
  readonly #before: Readings = new Map();

  constructor(context: RunContext, limitMs = CLOSE_LIMIT_MS) {
    this.#context = context;
    this.#limitMs = limitMs;
  }

  /** To be called while the stack is in its steady state, repeatedly: the highest level of each gauge counts. */
  async before(signal: AbortSignal): Promise<void> {
    for (const [name, value] of await this.#read(signal)) {
      this.#before.set(name, Math.max(value, this.#before.get(name) ?? 0));
    }
  }

  /** The ending of the run, which does not pass with something left open. @throws the signal's reason when it aborts */
  async judge(ending: Ending, signal: AbortSignal): Promise<Ending> {
    const found = await this.after(signal);
    this.#context.log.append({ type: "check.evaluated", ...found });
    const outcome = resultOf(found);
    if (outcome === "passed" || !isUndecided(ending)) return ending;
    return { outcome, reason: describeVerdict(found) };
  }

  /** Waits until nothing is left open. @throws the signal's reason when it aborts */
  async after(signal: AbortSignal): Promise<Verdict> {
    const missing = await settle(this.#context, signal);
    await this.#context.ends?.settle();
    const lowest: Readings = new Map();
    const startedMs = this.#context.clock.monotonicMs();
    try {
      await within(signal, this.#limitMs, async (limit) => {
        for (;;) {
          for (const [name, value] of await this.#read(limit)) {
            lowest.set(name, Math.min(value, lowest.get(name) ?? value));
          }
          await this.#context.readCalls();
          if (this.#left(lowest).length === 0) return;
          await this.#context.clock.sleep(retryPauseMs(this.#context.clock.monotonicMs() - startedMs), limit);
        }
      });
    } catch (error) {
      if (signal.aborted || !isTimeout(error)) throw error;
    }
    const left = this.#left(lowest);
    if (left.length > 0) return verdict("leavesOpen", false, "nothing", left.join("; "));
    const why = this.#unread() ?? missing[0]?.why ?? unknownEnd(this.#context.view());
    if (why === undefined) return verdict("leavesOpen", true, "nothing", this.#nothing());
    return inconclusive(verdict("leavesOpen", false, "nothing", "nothing that is known"), why);
  }

  #unread(): string | undefined {
    const reported = [...this.#before.keys()];
    const unread = this.#reporting().filter((name) => !reported.some((key) => key.startsWith(`${name} `)));
    return unread.length === 0 ? undefined : `before the method nothing was reported by ${unread.join(", ")}`;
  }

  /** Services that say where they report what they hold open. */
  #reporting(): string[] {
    const { services } = this.#context.stack.stack;
    return services.filter(({ diagnostics }) => diagnostics !== undefined).map(({ name }) => name);
  }

  #left(lowest: Readings): string[] {
    const more = [...this.#before].flatMap(([name, before]) => {
      const [service, gauge = ""] = name.split(" ");
      const now = lowest.get(name);
      if (now === undefined) return [`${service} does not report its ${GAUGES[gauge]}`];
      return now > before ? [`${service} has ${now} ${GAUGES[gauge]}, ${before} before`] : [];
    });
    return [...more, ...withoutOneEnd(this.#context.view())];
  }

  #nothing(): string {
    const names = this.#reporting().join(", ");
    const held = names === "" ? "no service reports what it holds" : `${names} as before`;
    const calls = countCalls(this.#context.view());
    return `nothing: ${calls === 1 ? "1 call has ended once" : `${calls} calls have ended once each`}; ${held}`;
  }

  /** What cannot be read is left out. */
  async #read(signal: AbortSignal): Promise<Readings> {
    const readings: Readings = new Map();
    await Promise.all(
      this.#context.stack.stack.services.map(async ({ name, diagnostics: path }) => {
        if (path === undefined) return;
        for (const [gauge, value] of await this.#gaugesOf(name, path, signal)) readings.set(`${name} ${gauge}`, value);
      }),
    );
    return readings;
  }

  async #gaugesOf(service: string, path: string, signal: AbortSignal): Promise<[string, number][]> {
    try {
      const { json } = await within(signal, READ_LIMIT_MS, (limit) => this.#context.get(service, path, limit));
      const diagnostics = isObject(json) && isObject(json.diagnostics) ? json.diagnostics : {};
      return Object.keys(GAUGES).flatMap((gauge): [string, number][] => {
        const value = diagnostics[gauge];
        // Services report -1 for what they cannot read.
        return typeof value === "number" && value >= 0 ? [[gauge, value]] : [];
      });
    } catch {
      signal.throwIfAborted();
      return [];
    }
  }
}
