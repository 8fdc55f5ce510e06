/**
 * Which backends a client's session has. `snapshot`: those that were usable when it began, for as long as it lasts; a call
 * to one that has failed since is an error. `follow`: those that are usable now, which the client learns by list_changed.
 */
import type { Session } from "../sessions/session.ts";
import type { Backends } from "./backends.ts";

export const sessionModes = ["snapshot", "follow"] as const;
export type SessionMode = (typeof sessionModes)[number];

export interface SessionView {
  /** Backends that the session does not have, and why. */
  excluded: ReadonlyMap<string, string>;
}

/** So that a client's first call does not pay for them, and a backend that hangs delays no client by more. */
const handshakesLimitMs = 100;

const everything: SessionView = { excluded: new Map() };

export class SessionViews {
  readonly #backends: Backends;
  readonly #mode: SessionMode;
  /** Of sessions that began while a backend was excluded. Nothing is kept for the others, which are most. */
  readonly #views = new WeakMap<Session, SessionView>();

  constructor(backends: Backends, mode: SessionMode) {
    this.#backends = backends;
    this.#mode = mode;
  }

  /** Resolves once the session's handshakes with its backends have ended; a slow one is not waited for. */
  async begin(session: Session): Promise<void> {
    const view = this.current();
    if (view.excluded.size > 0) this.#views.set(session, view);
    const usable = this.#backends.all.filter(({ name }) => !view.excluded.has(name));
    const handshakes = Promise.all(usable.map(({ guarded }) => guarded.beginClient(session.id)));
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(late.resolve, handshakesLimitMs);
    await Promise.race([handshakes, late.promise]).finally(() => clearTimeout(timer));
  }

  end(session: Session): void {
    for (const { guarded } of this.#backends.all) guarded.endClient(session.id);
  }

  of(session: Session): SessionView {
    return this.#mode === "follow" ? this.current() : (this.#views.get(session) ?? everything);
  }

  current(): SessionView {
    const excluded = new Map<string, string>();
    for (const { name, exclusion } of this.#backends.all) if (exclusion !== undefined) excluded.set(name, exclusion);
    return { excluded };
  }
}
