import { formatDuration } from "../../model/duration.ts";
import { within } from "../abort-scope.ts";
import type { Clock } from "../clock.ts";
import type { RunLog } from "../events/run-log.ts";
import { messageOf } from "../lab-error.ts";
import type { RunningStack } from "../stacks/running-stack.ts";
import type { Service } from "../stacks/stack-file.ts";
import { FaultProxyControl } from "./fault-proxy-control.ts";
import type { Hit } from "./proxy-hits.ts";

/** A foreign proxy has no stream of hits, and one that has died tells nothing: it is tried again this much later. */
const RETRY_MS = 100;
/** A proxy that is started again is up within a second; one that is not is told of, and tried again. */
const REVIVE_LIMIT_MS = 10_000;
/** Hits of one fault that are worth an event each; the undo tells how many there were in all. */
const HITS_PER_FAULT = 200;

export interface ProxyWatchParts {
  stack: RunningStack;
  log: RunLog;
  clock: Clock;
  /** True for a fault of this run: others' hits are not its business. */
  isOurs(fault: string): boolean;
  /** Whether a proxy that has died is to be started again now. */
  isToBeRevived(service: string): boolean;
}

/**
 * Follows the fault proxy of a stack through a run: which requests met which fault, and whether the proxy lives. One that
 * dies takes every link down with it, so it is started again, as a plain pipe, and the log says for how long it was gone.
 */
export class ProxyWatch {
  readonly #parts: ProxyWatchParts;
  readonly service: string;
  readonly #proxy: FaultProxyControl;
  readonly #stop = new AbortController();
  readonly #told = new Map<string, number>();
  #since = 0;
  #downSinceMs: number | undefined;
  #isToldDown = false;
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

  /** Takes the hits there are now. Resolves to false, without waiting for it, while the proxy is away. */
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
      // Ends with the proxy, or at once where it has no such stream: then it is asked.
      await this.#proxy.followHits(this.#since, (hit) => this.#take(hit), signal).catch(() => {});
      if (signal.aborted) return;
      if (!(await this.read())) await this.#revive();
      await this.#parts.clock.sleep(RETRY_MS, signal).catch(() => {});
    }
  }

  #take({ seq, toxic, link, effect, method, tool, traceparent }: Hit): void {
    if (seq <= this.#since) return; // read and told of at once
    this.#since = seq;
    if (!this.#parts.isOurs(toxic)) return;
    const told = this.#told.get(toxic) ?? 0;
    this.#told.set(toxic, told + 1);
    if (told >= HITS_PER_FAULT) return;
    const traceId = traceparent?.split("-")[1];
    this.#parts.log.append({
      type: "fault.hit",
      fault: toxic,
      link,
      effect,
      ...(method === undefined ? {} : { method }),
      ...(tool === undefined ? {} : { tool }),
      ...(traceId === undefined ? {} : { traceId }),
    });
  }

  async #revive(): Promise<void> {
    const { stack, log, isToBeRevived } = this.#parts;
    if (this.#stop.signal.aborted || !isToBeRevived(this.service)) return;
    // An engine that is away tells nothing of it now; that this is so is said elsewhere.
    const state = await stack.driver.stateOf(this.service).catch(() => undefined);
    if (state?.is !== "stopped") return;
    this.#downSinceMs ??= log.elapsedMs();
    try {
      await within(this.#stop.signal, REVIVE_LIMIT_MS, async (limit) => {
        await stack.driver.start(this.service);
        await stack.health.waitFor(this.service, "up", limit);
      });
    } catch (error) {
      if (this.#stop.signal.aborted || this.#isToldDown) return;
      this.#isToldDown = true;
      log.append({ type: "warning", code: "proxy-down", message: `the fault proxy is down: ${messageOf(error)}` });
      return;
    }
    this.#since = 0;
    const gone = formatDuration(log.elapsedMs() - this.#downSinceMs);
    this.#downSinceMs = undefined;
    this.#isToldDown = false;
    const message = `the fault proxy had died; every link was down for ${gone}, and is a plain pipe again`;
    log.append({ type: "warning", code: "proxy-revived", message });
  }
}
