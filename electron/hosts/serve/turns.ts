import { LabError } from "../../lab/lab-error.ts";

/** Carries out so much at a time, lets some of the rest wait, and refuses what is more than that. */
export class Turns {
  #free: number;
  readonly #waitingLimit: number;
  readonly #waiting: (() => void)[] = [];

  constructor(atOnce: number, waitingLimit: number) {
    this.#free = atOnce;
    this.#waitingLimit = waitingLimit;
  }

  /** @throws LabError `busy` when too many wait already; the signal's reason */
  async take<Value>(signal: AbortSignal, work: () => Promise<Value>): Promise<Value> {
    if (this.#free > 0) this.#free--;
    else await this.#wait(signal);
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }

  #wait(signal: AbortSignal): Promise<void> {
    if (this.#waiting.length >= this.#waitingLimit) {
      throw new LabError("busy", `${this.#waitingLimit} evaluations wait already`, { hint: "try again in a moment" });
    }
    return new Promise((resolve, reject) => {
      const begin = () => {
        signal.removeEventListener("abort", leave);
        resolve();
      };
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(begin), 1);
        reject(signal.reason);
      };
      this.#waiting.push(begin);
      signal.addEventListener("abort", leave, { once: true });
    });
  }
}
