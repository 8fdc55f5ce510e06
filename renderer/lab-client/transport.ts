import type { ClientLink } from "@orpc/client";

/** An open link to the lab. Not reused once closed. */
export interface OpenLink {
  link: ClientLink<Record<never, never>>;
  /** Aborted once it is closed by either side. */
  gone: AbortSignal;
  close(): void;
}

/** How the page reaches the lab in one host. */
export interface Transport {
  /** @throws Refused when a retry would not help; any other error is retried */
  open(signal: AbortSignal): Promise<OpenLink>;
  /** Headers that the host requires for fetches besides the page's cookie. */
  requestHeaders?(): Record<string, string>;
}

/** Nothing answers at the lab's address: its process has ended. Retried, since it may be started again. */
export class LabGone extends Error {}

/** The lab is running and refused this window; `hint` is the next step. */
export class Refused extends Error {
  readonly hint: string;

  constructor(message: string, hint: string) {
    super(message);
    this.hint = hint;
  }
}
