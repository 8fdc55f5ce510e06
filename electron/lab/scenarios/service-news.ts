import { isNewsOf } from "../../model/catalogue/catalogue.ts";
import { AbortScope } from "../abort-scope.ts";
import type { RunContext } from "./run-context.ts";

/**
 * How the log of a run says that one service has changed, while something asks that service again and again: its own health,
 * or what the gateway thinks of its backends. It ends the pause before the next attempt. Lines that a service prints do not
 * count, since it may print one for each attempt.
 */
export class ServiceNews {
  readonly #context: Pick<RunContext, "log" | "clock">;
  readonly #unsubscribe: () => void;
  #hasNews = false;
  #pause: AbortScope | undefined;

  constructor(context: Pick<RunContext, "log" | "clock">, service: string) {
    this.#context = context;
    this.#unsubscribe = context.log.subscribe((event) => {
      if (!isNewsOf(service, event)) return;
      this.#hasNews = true;
      this.#pause?.abort(undefined);
    });
  }

  /** Forgets earlier news: to be called before each attempt, so that what comes during it counts. */
  forget(): void {
    this.#hasNews = false;
  }

  /** Resolves after so many milliseconds, or with the next news. @throws the signal's reason when it aborts first */
  async pause(ms: number, signal: AbortSignal): Promise<void> {
    if (this.#hasNews) return signal.throwIfAborted();
    const pause = new AbortScope(signal);
    this.#pause = pause;
    try {
      await this.#context.clock.sleep(ms, pause.signal);
    } catch {
      signal.throwIfAborted();
    } finally {
      this.#pause = undefined;
      pause.end();
    }
  }

  close(): void {
    this.#unsubscribe();
  }
}
