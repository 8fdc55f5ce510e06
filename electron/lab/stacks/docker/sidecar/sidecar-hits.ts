import type { AskProxy } from "../../link-sidecars.ts";

/** The hits of one sidecar, which numbers them: each is reported once, whether it was sent or read. */
export class SidecarHits {
  readonly #report: (hit: unknown) => void;
  #last = 0;

  constructor(report: (hit: unknown) => void) {
    this.#report = report;
  }

  take(hit: unknown): void {
    const { seq } = Object(hit);
    if (!(seq > this.#last)) return;
    this.#last = seq;
    this.#report(hit);
  }

  /** @throws Error when the proxy does not answer */
  async read(ask: AskProxy): Promise<void> {
    for (let before = -1; before < this.#last; ) {
      before = this.#last;
      const { hits } = JSON.parse((await ask("GET", `/hits?since=${before}`)).body) as { hits: unknown[] };
      for (const hit of hits) this.take(hit);
    }
  }
}
