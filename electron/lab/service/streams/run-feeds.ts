import type { LabEvent } from "../../../model/lab-event.ts";
import type { Durability } from "../../history/write-queue.ts";
import { RunFeed } from "./run-feed.ts";

/** Feeds of runs that have just ended stay for windows that are still reading them. */
const KEPT = 8;

/** The live logs of the runs that are on, and of those that have just ended. */
export class RunFeeds {
  readonly #feeds = new Map<string, RunFeed>();
  readonly #durability: Durability;

  constructor(durability: Durability) {
    this.#durability = durability;
    durability.onAttempt(() => {
      for (const feed of this.#feeds.values()) feed.wake();
    });
  }

  get(runId: string): RunFeed | undefined {
    return this.#feeds.get(runId);
  }

  isOn(runId: string): boolean {
    return this.#feeds.get(runId)?.hasEnded === false;
  }

  /** True when it is the first event of its run. */
  take(event: LabEvent): boolean {
    const known = this.#feeds.get(event.runId);
    const feed = known ?? new RunFeed(event.runId, this.#durability);
    if (known === undefined) {
      this.#feeds.set(event.runId, feed);
      this.#forgetOld();
    }
    feed.append(event);
    return known === undefined;
  }

  /** Of a run whose end could not be told: nobody is to wait for it. */
  abandon(runId: string): void {
    if (this.isOn(runId)) this.#feeds.get(runId)?.abandon();
  }

  forget(runId: string): void {
    this.#feeds.delete(runId);
  }

  #forgetOld(): void {
    const ended = [...this.#feeds.values()].filter((feed) => feed.hasEnded);
    for (const { runId } of ended.slice(0, Math.max(0, ended.length - KEPT))) this.#feeds.delete(runId);
  }
}
