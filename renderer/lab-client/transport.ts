import type { ClientLink } from "@orpc/client";

/** A way to the lab that is open. When it closes it is done with: the next one is opened anew. */
export interface OpenLink {
  link: ClientLink<Record<never, never>>;
  /** Aborts once it is closed, by either side. */
  gone: AbortSignal;
  close(): void;
}

/** How the page reaches the lab in one host. */
export interface Transport {
  /** @throws Refused when trying again would not help; anything else is tried again */
  open(signal: AbortSignal): Promise<OpenLink>;
  /** What the host asks of a fetch besides the page's cookie. */
  requestHeaders?(): Record<string, string>;
}

/** The lab is there and will not have this window; `hint` is what a person can do. */
export class Refused extends Error {
  readonly hint: string;

  constructor(message: string, hint: string) {
    super(message);
    this.hint = hint;
  }
}
