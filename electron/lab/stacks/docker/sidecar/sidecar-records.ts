import type { AskProxy, LinkListener } from "../../link-sidecars.ts";

/** The records of one sidecar, which numbers them: each hit is reported once, whether it was sent or read. */
export class SidecarRecords {
  readonly #link: string;
  readonly #listener: LinkListener;
  #lastHit = 0;
  #lastCall = 0;

  constructor(link: string, listener: LinkListener) {
    this.#link = link;
    this.#listener = listener;
  }

  takeHit(hit: unknown): void {
    const { seq } = Object(hit);
    if (!(seq > this.#lastHit)) return;
    this.#lastHit = seq;
    this.#listener.hit(hit);
  }

  takeCall(call: unknown): void {
    const { seq } = Object(call);
    if (!(seq > this.#lastCall)) return;
    this.#lastCall = seq;
    this.#listener.call(call, this);
  }

  /** @throws Error when the proxy does not answer */
  async read(ask: AskProxy): Promise<void> {
    for (let before = -1; before < this.#lastHit; ) {
      before = this.#lastHit;
      const { hits } = JSON.parse((await ask("GET", `/hits?since=${before}`)).body) as { hits: unknown[] };
      for (const hit of hits) this.takeHit(hit);
    }
    for (let before = -1; before < this.#lastCall; ) {
      before = this.#lastCall;
      const { body } = await ask("GET", `/wire?since=${before}`);
      const { calls, next } = JSON.parse(body) as { calls: unknown[]; next: number };
      for (const call of calls) this.takeCall(call);
      this.#lastCall = Math.max(this.#lastCall, next);
      this.#listener.callsUpTo(this.#lastCall, this.#link, this);
    }
  }
}
