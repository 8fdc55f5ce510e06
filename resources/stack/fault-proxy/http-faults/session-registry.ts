/** MCP sessions observed on a link while an HTTP-aware toxic was armed. Bounded; the oldest is removed. */
import { limits } from "../limits.ts";

export class SessionRegistry {
  readonly #startedAt = new BoundedMap<number>();
  readonly #lost = new BoundedMap<Set<number>>();
  readonly #realOf = new BoundedMap<string>();
  readonly #retired = new BoundedMap<true>();

  /** A reply assigned this session; `at` is the link's event counter. */
  recordStart(session: string, at: number): void {
    if (!this.#startedAt.has(session)) this.#startedAt.set(session, at);
  }

  /** Whether the session existed before `at`. True for one whose start was not observed. */
  isOlderThan(session: string, at: number): boolean {
    const startedAt = this.#startedAt.get(session);
    return startedAt === undefined || startedAt < at;
  }

  /** The toxic (identified by its event number) ended the session: later requests in it are refused while it is armed. */
  lose(session: string, toxic: number): void {
    const toxics = this.#lost.get(session) ?? new Set<number>();
    toxics.add(toxic);
    this.#lost.set(session, toxics);
  }

  isLost(session: string, toxic: number): boolean {
    return this.#lost.get(session)?.has(toxic) ?? false;
  }

  /** The client receives `shown` for `session`; `known`, its previous id, is retired. */
  rotate(session: string, known: string, shown: string): void {
    this.#realOf.set(shown, session);
    this.#retired.set(known, true);
  }

  /** The upstream's id of the session that the client knows as `shown`. */
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
