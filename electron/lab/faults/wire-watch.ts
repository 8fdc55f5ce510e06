import type { Clock } from "../clock.ts";
import type { RunningStack } from "../stacks/running-stack.ts";
import { FaultProxyControl, isMissing } from "./fault-proxy-control.ts";
import { WireSequence, type WireTaker } from "./wire-logger.ts";

/** Retry delay after the stream has ended: the proxy has died and is restarted. */
const RETRY_MS = 100;

export interface WireWatchParts {
  stack: RunningStack;
  clock: Clock;
  calls: WireTaker;
  /** Links whose bodies are wanted. */
  bodiesOf: readonly string[];
}

/** Reads the exchanges on the links of a stack's fault proxy through a run: while it is followed, the proxy reads them. */
export class WireWatch {
  readonly #parts: WireWatchParts;
  readonly #service: string;
  readonly #proxy: FaultProxyControl;
  readonly #stop = new AbortController();
  /** Of this instance of the proxy's process. */
  #sequence: WireSequence | undefined;
  #following: Promise<void> = Promise.resolve();

  private constructor(service: string, proxy: FaultProxyControl, parts: WireWatchParts) {
    this.#service = service;
    this.#proxy = proxy;
    this.#parts = parts;
  }

  /** Resolves once exchanges are read, or the proxy cannot be reached. Undefined for a stack without a fault proxy. */
  static async start(parts: WireWatchParts): Promise<WireWatch | undefined> {
    const { stack } = parts;
    const service = stack.stack.services.find(({ role }) => role === "fault-proxy");
    if (service === undefined) return undefined;
    const proxy = new FaultProxyControl(`http://${stack.address(service.name)}`, service.token);
    const watch = new WireWatch(service.name, proxy, parts);
    const { promise, resolve } = Promise.withResolvers<void>();
    watch.#following = watch.#follow(resolve);
    await promise;
    return watch;
  }

  /** Reads the exchanges so far, also those that are open. Resolves to false while the proxy cannot be reached. */
  async read(): Promise<boolean> {
    const sequence = this.#sequence;
    if (sequence === undefined) return false;
    try {
      for (let before = -1; before < sequence.last; ) {
        before = sequence.last;
        const { calls, next } = await this.#proxy.calls(before);
        for (const call of calls) sequence.take(call);
        sequence.skipTo(next);
      }
      return true;
    } catch {
      return false;
    }
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#following;
  }

  async #follow(isFollowed: () => void): Promise<void> {
    const { signal } = this.#stop;
    const { clock, calls, bodiesOf } = this.#parts;
    while (!signal.aborted) {
      const opened = (last: number) => {
        // One that was restarted counts from the beginning.
        if (this.#sequence === undefined || last < this.#sequence.last)
          this.#sequence = new WireSequence(calls, `the links of ${this.#service}`, last);
        isFollowed();
      };
      const error = await this.#proxy
        .followCalls(bodiesOf, opened, (call) => this.#sequence?.take(call), signal)
        .catch((problem: unknown) => problem);
      isFollowed();
      // Another proxy of the same API.
      if (isMissing(error)) return;
      await clock.sleep(RETRY_MS, signal).catch(() => {});
    }
  }
}
