/** The progress reported to a caller: the wait for approval, then the backend's. Increases monotonically. */

import { isObject } from "../../http/json.ts";
import type { Params } from "../protocol/messages.ts";
import type { Caller } from "./exchange.ts";

export class Progress {
  readonly #token: string | number;
  readonly #caller: Caller;
  #last: number | undefined;

  constructor(token: string | number, caller: Caller) {
    this.#token = token;
    this.#caller = caller;
  }

  /** Values that do not increase are skipped. */
  report(progress: Params): void {
    const value = progress.progress;
    if (typeof value !== "number" || value <= (this.#last ?? Number.NEGATIVE_INFINITY)) return;
    this.#last = value;
    this.#caller.notify("notifications/progress", { ...progress, progressToken: this.#token });
  }

  /** A sender that counts from zero, offset by the value reported before. */
  continued(): (progress: Params) => void {
    const base = this.#last ?? 0;
    return (progress) => {
      const { progress: value, total } = progress;
      if (typeof value !== "number") return;
      const moved = typeof total === "number" ? { total: base + total } : {};
      this.report({ ...progress, progress: base + value, ...moved });
    };
  }
}

/** Undefined if the request does not ask for progress. */
export function progressOf(params: Params, caller: Caller): Progress | undefined {
  const token = isObject(params._meta) ? params._meta.progressToken : undefined;
  return typeof token === "string" || typeof token === "number" ? new Progress(token, caller) : undefined;
}
