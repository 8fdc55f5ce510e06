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

export class SessionViews {
  readonly #backends: Backends;
  readonly #mode: SessionMode;
  readonly #views = new WeakMap<Session, SessionView>();

  constructor(backends: Backends, mode: SessionMode) {
    this.#backends = backends;
    this.#mode = mode;
  }

  begin(session: Session): void {
    const view = this.current();
    this.#views.set(session, view);
    for (const { name, guarded } of this.#backends.all) if (!view.excluded.has(name)) guarded.beginClient(session.id);
  }

  end(session: Session): void {
    for (const { guarded } of this.#backends.all) guarded.endClient(session.id);
  }

  of(session: Session): SessionView {
    return (this.#mode === "snapshot" && this.#views.get(session)) || this.current();
  }

  current(): SessionView {
    const excluded = new Map<string, string>();
    for (const { name, exclusion } of this.#backends.all) if (exclusion !== undefined) excluded.set(name, exclusion);
    return { excluded };
  }
}
