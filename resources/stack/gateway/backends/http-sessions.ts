/**
 * The sessions at one backend: the gateway's own, and one for each client if the backend has state. Each is opened once,
 * however many requests wait for it, and opened again by the next request after the backend has lost it.
 */
import { UpstreamFailure } from "./upstream-failure.ts";

/** `hasId`: it has state, so that clients do not share it. */
type AnySession = { readonly hasId: boolean };

export interface HttpSessionsOptions<HttpSession extends AnySession> {
  open: () => Promise<HttpSession>;
  end: (session: HttpSession) => void;
  /** Clients get no sessions of their own. */
  isShared: boolean;
}

export class HttpSessions<HttpSession extends AnySession> {
  readonly #options: HttpSessionsOptions<HttpSession>;
  readonly #own: Slot<HttpSession>;
  readonly #clients = new Map<string, Slot<HttpSession>>();

  constructor(options: HttpSessionsOptions<HttpSession>) {
    this.#options = options;
    this.#own = new Slot(options);
  }

  /** The session for a request of this client, or of the gateway. Each request waits at most until its own deadline. */
  async for(client: string | undefined, endsAtMs: number, signal: AbortSignal | undefined): Promise<HttpSession> {
    const slot = client === undefined || this.#options.isShared ? undefined : this.#slotOf(client, signal);
    if (slot?.session) return slot.session;
    const own = this.#own.session ?? (await waitAtMost(this.#own.opened(), endsAtMs - performance.now(), signal));
    if (!slot || !own.hasId) return own;
    return waitAtMost(slot.opened(), endsAtMs - performance.now(), signal);
  }

  /** Opens the client's session where the backend is known to have state. Never rejects. */
  async begin(client: string): Promise<void> {
    if (this.#options.isShared || !this.#own.session?.hasId) return;
    // After a failure the client's next request tries again, and reports it.
    await this.#slotOf(client, undefined)
      ?.opened()
      .catch(() => {});
  }

  end(client: string): void {
    this.#clients.get(client)?.close();
    this.#clients.delete(client);
  }

  /** Ends all of them; none is opened again. */
  close(): void {
    for (const slot of [this.#own, ...this.#clients.values()]) slot.close();
    this.#clients.clear();
  }

  /** Undefined for a caller that has left: its client may have ended, and would never end again. */
  #slotOf(client: string, signal: AbortSignal | undefined): Slot<HttpSession> | undefined {
    const known = this.#clients.get(client);
    if (known || signal?.aborted) return known;
    const slot = new Slot(this.#options);
    this.#clients.set(client, slot);
    return slot;
  }

  /** The backend no longer knows this session. `client`: whose it is, if that is known. */
  lost(session: HttpSession, client: string | undefined): void {
    this.#own.drop(session);
    const slots = client === undefined ? this.#clients.values() : [this.#clients.get(client)];
    for (const slot of slots) slot?.drop(session);
  }
}

class Slot<HttpSession extends AnySession> {
  readonly #options: HttpSessionsOptions<HttpSession>;
  #opening: Promise<HttpSession> | undefined;
  #isClosed = false;
  session: HttpSession | undefined;

  constructor(options: HttpSessionsOptions<HttpSession>) {
    this.#options = options;
  }

  opened(): Promise<HttpSession> {
    if (this.#isClosed) return Promise.reject(new UpstreamFailure("closed", "the session has ended"));
    if (this.session) return Promise.resolve(this.session);
    this.#opening ??= this.#options
      .open()
      .then((session) => {
        if (this.#isClosed) this.#options.end(session);
        else this.session = session;
        return session;
      })
      .finally(() => {
        this.#opening = undefined;
      });
    return this.#opening;
  }

  drop(session: HttpSession): void {
    if (this.session === session) this.session = undefined;
  }

  close(): void {
    this.#isClosed = true;
    if (this.session) this.#options.end(this.session);
    this.session = undefined;
  }
}

function waitAtMost<T>(promise: Promise<T>, ms: number, signal: AbortSignal | undefined): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal?.reason);
    const timer = setTimeout(
      () => reject(new UpstreamFailure("deadline", "no session within the deadline")),
      Math.max(1, ms),
    );
    if (signal?.aborted) onAbort();
    signal?.addEventListener("abort", onAbort, { once: true });
    promise.then(resolve, reject).finally(() => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    });
  });
}

/**
 * In the session there is, and once more in a new one where the backend no longer knows that.
 * @param attempt resolves to undefined then
 */
export async function inKnownSession<Reply>(attempt: () => Promise<Reply | undefined>): Promise<Reply> {
  const reply = (await attempt()) ?? (await attempt());
  if (reply === undefined) throw new UpstreamFailure("status", "it rejects its new session");
  return reply;
}
