/** The progress that a caller sees of its call: the wait for an approval, then the backend's. It only ever grows. */

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

  /** Values that do not grow are left out. */
  report(progress: Params): void {
    const value = progress.progress;
    if (typeof value !== "number" || value <= (this.#last ?? Number.NEGATIVE_INFINITY)) return;
    this.#last = value;
    this.#caller.notify("notifications/progress", { ...progress, progressToken: this.#token });
  }

  /** A sender that counts from zero, after what was reported before. */
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

/** Undefined when the request asks for no progress. */
export function progressOf(params: Params, caller: Caller): Progress | undefined {
  const token = isObject(params._meta) ? params._meta.progressToken : undefined;
  return typeof token === "string" || typeof token === "number" ? new Progress(token, caller) : undefined;
}
