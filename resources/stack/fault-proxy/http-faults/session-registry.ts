/** What a link learned about MCP sessions while an HTTP-aware toxic was armed on it. Bounded; the oldest is forgotten. */
import { limits } from "../limits.ts";

export class SessionRegistry {
  readonly #begun = new BoundedMap<number>();
  readonly #lost = new BoundedMap<Set<number>>();
  readonly #realOf = new BoundedMap<string>();
  readonly #retired = new BoundedMap<true>();

  /** A reply named this session; `at` is the link's count of events. */
  begun(session: string, at: number): void {
    if (!this.#begun.has(session)) this.#begun.set(session, at);
  }

  /** Whether the session was there before `at`. One whose beginning was not seen was. */
  isOlderThan(session: string, at: number): boolean {
    const begun = this.#begun.get(session);
    return begun === undefined || begun < at;
  }

  /** The toxic (named by when it was armed) ended the session: every later request in it is answered likewise while the toxic is armed. */
  lose(session: string, toxic: number): void {
    const toxics = this.#lost.get(session) ?? new Set<number>();
    toxics.add(toxic);
    this.#lost.set(session, toxics);
  }

  isLost(session: string, toxic: number): boolean {
    return this.#lost.get(session)?.has(toxic) ?? false;
  }

  /** The client is told `shown` instead of `session` and `known`, which it used so far, is over. */
  rotate(session: string, known: string, shown: string): void {
    this.#realOf.set(shown, session);
    this.#retired.set(known, true);
  }

  /** The upstream's name of a session that the client knows by `shown`. */
  realOf(shown: string): string {
    return this.#realOf.get(shown) ?? shown;
  }

  isRetired(shown: string): boolean {
    return this.#retired.has(shown);
  }
}

class BoundedMap<Value> extends Map<string, Value> {
  override set(key: string, value: Value): this {
    if (!this.has(key) && this.size >= limits.sessions) {
      const oldest = this.keys().next();
      if (!oldest.done) this.delete(oldest.value);
    }
    return super.set(key, value);
  }
}
