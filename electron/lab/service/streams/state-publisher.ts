import type { LabState, StreamMessage } from "../../../contract/events.ts";
import { orAbort } from "../../abort-scope.ts";
import type { OpenStream } from "./stream-registry.ts";

/** Changes within this time are told together. */
const GATHER_MS = 40;

/** The state of everything, computed again after changes and given to each window: the newest only, never a backlog. */
export class StatePublisher {
  readonly #build: (version: number) => Promise<LabState>;
  readonly #waiting = new Set<() => void>();
  #version = 0;
  #latest: LabState | undefined;
  #building: Promise<void> | undefined;
  #isStale = true;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(build: (version: number) => Promise<LabState>) {
    this.#build = build;
  }

  /** Something has changed. Cheap: may be called as often as things happen. */
  touch(): void {
    if (this.#isClosed) return;
    this.#isStale = true;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      // What cannot be told now is told with the next change; whoever asks for it is given the error.
      this.#renew().catch(() => {});
    }, GATHER_MS).unref();
  }

  /** How everything stands now. */
  async current(): Promise<LabState> {
    this.#isStale = true;
    await this.#renew();
    return this.#latest as LabState;
  }

  async *stream(stream: OpenStream, signal: AbortSignal): AsyncGenerator<StreamMessage, void> {
    let told = 0;
    stream.behind = () => 0;
    await this.current();
    for (;;) {
      while (this.#latest === undefined || this.#latest.version === told) await this.#next(signal);
      const message = await stream.credit.next(signal);
      told = this.#latest.version;
      yield { type: "lab", message, state: this.#latest };
    }
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  /** One at a time; what changes while a state is made is in the next one. */
  async #renew(): Promise<void> {
    while (this.#isStale) {
      this.#building ??= this.#make().finally(() => {
        this.#building = undefined;
      });
      await this.#building;
    }
  }

  async #make(): Promise<void> {
    this.#isStale = false;
    const made = await this.#build(this.#version + 1);
    if (this.#latest !== undefined && isSame(this.#latest, made)) return;
    this.#version++;
    this.#latest = made;
    for (const done of [...this.#waiting]) done();
  }

  async #next(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.add(resolve);
    await orAbort(promise, signal).finally(() => this.#waiting.delete(resolve));
  }
}

/** Alike but for when it was made and how long probes took: that alone is not published. */
function isSame(a: LabState, b: LabState): boolean {
  const essence = (state: LabState) =>
    JSON.stringify({ ...state, version: 0, wallMs: 0 }, (name, value) => (name === "latencyMs" ? 0 : value));
  return essence(a) === essence(b);
}
