import { aborted, orAbort } from "./abort.ts";
import { LabGone, type OpenLink, Refused, type Transport } from "./transport.ts";

export type ConnectionState =
  | { is: "connecting" }
  | { is: "connected" }
  /** Lost, reconnecting; `attempt` counts from 1. `lab`: what the attempts have found, `unknown` before. */
  | { is: "lost"; attempt: number; sinceWallMs: number; lab: LabFound }
  /** The lab refused this window, without further attempts; `hint` is the next step. */
  | { is: "refused"; message: string; hint: string }
  | { is: "closed" };

type LabFound = "unknown" | "running" | "gone";

/** Delays before each attempt; the last one repeats. */
const PAUSES_MS = [100, 250, 500, 1_000, 2_000];

/** Unanswered attempts in a row: a browser aborts one when the machine's networks change. */
const GONE_AFTER = 2;

/** Keeps a link to the lab open and reconnects whenever it is lost. */
export class Connection {
  readonly #transport: Transport;
  readonly #sleep: (ms: number) => Promise<void>;
  readonly #stop = new AbortController();
  readonly #listeners = new Set<(state: ConnectionState) => void>();
  #state: ConnectionState = { is: "connecting" };
  #open: OpenLink | undefined;
  #next = Promise.withResolvers<OpenLink>();

  constructor(transport: Transport, sleep: (ms: number) => Promise<void> = wait) {
    this.#transport = transport;
    this.#sleep = sleep;
    this.#next.promise.catch(() => {});
    void this.#keepOpen();
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** Calls the listener at each change until the returned function is called. */
  onChange(listener: (state: ConnectionState) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** The open link, or the next one. @throws the signal's reason, or Refused, or when this was closed */
  link(signal: AbortSignal): Promise<OpenLink> {
    if (this.#open !== undefined && !this.#open.gone.aborted) return Promise.resolve(this.#open);
    return orAbort(this.#next.promise, signal);
  }

  close(): void {
    this.#stop.abort(new Error("the page has closed its connection"));
    this.#open?.close();
    this.#become({ is: "closed" });
    this.#next.reject(this.#stop.signal.reason);
  }

  async #keepOpen(): Promise<void> {
    const { signal } = this.#stop;
    let attempt = 0;
    let sinceWallMs = Date.now();
    let lab: LabFound = "unknown";
    let unanswered = 0;
    while (!signal.aborted) {
      try {
        const open = await this.#transport.open(signal);
        if (signal.aborted) return open.close();
        attempt = 0;
        this.#open = open;
        this.#become({ is: "connected" });
        this.#next.resolve(open);
        this.#next = Promise.withResolvers();
        this.#next.promise.catch(() => {});
        await aborted(open.gone);
        this.#open = undefined;
        sinceWallMs = Date.now();
        lab = "unknown";
        unanswered = 0;
      } catch (error) {
        if (error instanceof Refused) {
          this.#become({ is: "refused", message: error.message, hint: error.hint });
          return this.#next.reject(error);
        }
        unanswered = error instanceof LabGone ? unanswered + 1 : 0;
        if (unanswered === 0) lab = "running";
        else if (unanswered >= GONE_AFTER) lab = "gone";
      }
      if (signal.aborted) return;
      attempt++;
      this.#become({ is: "lost", attempt, sinceWallMs, lab });
      await this.#sleep(PAUSES_MS[Math.min(attempt, PAUSES_MS.length) - 1] ?? 0);
    }
  }

  #become(state: ConnectionState): void {
    if (this.#state.is === "closed") return;
    this.#state = state;
    for (const listener of this.#listeners) listener(state);
  }
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
