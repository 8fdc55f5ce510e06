import { formatDuration } from "../../model/duration.ts";
import { within } from "../abort-scope.ts";
import type { Clock } from "../clock.ts";
import type { RunLog } from "../events/run-log.ts";
import { messageOf } from "../lab-error.ts";
import type { RunningStack } from "../stacks/running-stack.ts";
import type { Service } from "../stacks/stack-file.ts";
import { FaultProxyControl } from "./fault-proxy-control.ts";
import type { HitLogger } from "./hit-logger.ts";
import type { Hit } from "./proxy-hits.ts";

/** Retry delay after the stream of hits has ended: the proxy has died, or is another's and has no such stream. */
const RETRY_MS = 100;
/** A restarted proxy is up within a second; one that is not is reported, and tried again. */
const REVIVE_LIMIT_MS = 10_000;

export interface ProxyWatchParts {
  stack: RunningStack;
  log: RunLog;
  clock: Clock;
  hits: HitLogger;
  /** Whether a proxy that has died should be restarted now. */
  isToBeRevived(service: string): boolean;
}

/**
 * Follows the fault proxy of a stack through a run: logs which requests met which fault, and restarts the proxy when it
 * dies, since every link goes down with it. The new one starts without toxics, and the log says how long it was down.
 */
export class ProxyWatch {
  readonly #parts: ProxyWatchParts;
  readonly service: string;
  readonly #proxy: FaultProxyControl;
  readonly #stop = new AbortController();
  #since = 0;
  #downSinceMs: number | undefined;
  #isReportedDown = false;
  #following: Promise<void> = Promise.resolve();

  private constructor({ name, token }: Pick<Service, "name" | "token">, parts: ProxyWatchParts) {
    this.#parts = parts;
    this.service = name;
    this.#proxy = new FaultProxyControl(`http://${parts.stack.address(name)}`, token);
  }

  /** Undefined for a stack without a fault proxy. */
  static async start(parts: ProxyWatchParts): Promise<ProxyWatch | undefined> {
    const service = parts.stack.stack.services.find(({ role }) => role === "fault-proxy");
    if (service === undefined) return undefined;
    const watch = new ProxyWatch(service, parts);
    await watch.#skipPast();
    watch.#following = watch.#follow();
    return watch;
  }

  /** Reads the hits recorded so far. Resolves to false, without waiting, while the proxy is unreachable. */
  async read(): Promise<boolean> {
    try {
      for (const hit of await this.#proxy.hits(this.#since)) this.#take(hit);
      return true;
    } catch {
      return false;
    }
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#following;
  }

  async #skipPast(): Promise<void> {
    const hits = await this.#proxy.hits(0).catch(() => []);
    this.#since = hits.at(-1)?.seq ?? 0;
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      // Ends with the proxy, or at once where it has no such stream: then the hits are polled.
      await this.#proxy.followHits(this.#since, (hit) => this.#take(hit), signal).catch(() => {});
      if (signal.aborted) return;
      if (!(await this.read())) await this.#revive();
      await this.#parts.clock.sleep(RETRY_MS, signal).catch(() => {});
    }
  }

  #take(hit: Hit): void {
    if (hit.seq <= this.#since) return; // read by a poll and by the stream
    this.#since = hit.seq;
    this.#parts.hits.take(hit);
  }

  async #revive(): Promise<void> {
    const { stack, log, isToBeRevived } = this.#parts;
    if (this.#stop.signal.aborted || !isToBeRevived(this.service)) return;
    // The state is unknown while the engine is unreachable; that is reported elsewhere.
    const state = await stack.driver.stateOf(this.service).catch(() => undefined);
    if (state?.is !== "stopped") return;
    this.#downSinceMs ??= log.elapsedMs();
    try {
      await within(this.#stop.signal, REVIVE_LIMIT_MS, async (limit) => {
        await stack.driver.start(this.service);
        await stack.health.waitFor(this.service, "up", limit);
      });
    } catch (error) {
      if (this.#stop.signal.aborted || this.#isReportedDown) return;
      this.#isReportedDown = true;
      log.append({ type: "warning", code: "proxy-down", message: `the fault proxy is down: ${messageOf(error)}` });
      return;
    }
    this.#since = 0;
    const gone = formatDuration(log.elapsedMs() - this.#downSinceMs);
    this.#downSinceMs = undefined;
    this.#isReportedDown = false;
    const message = `the fault proxy had died; every link was down for ${gone}, and passes everything again`;
    log.append({ type: "warning", code: "proxy-revived", message });
  }
}
