import { digest, isSame, newSecret } from "./secret.ts";

/** Sessions kept, enough for a day of work; the oldest is dropped and needs a new address. */
const SESSIONS_KEPT = 64;

/**
 * Who may load the page. The address that the lab prints has a one-time token; it is exchanged for a cookie, so that an
 * address in the browser's history or seen by someone else is useless. The cookie opens the page's files and nothing
 * else: the browser sends it to every port of this machine, and any program that listens there can replay it.
 */
export class Entrance {
  /** Its name contains the port: browsers share cookies among all ports of a host. */
  readonly cookieName: string;
  readonly #sessions = new Set<string>();
  #token = newSecret();

  constructor(port: number) {
    this.cookieName = `resilience-lab-${port}`;
  }

  /** The token for the next browser. */
  get token(): string {
    return this.#token;
  }

  /** A session for the valid token, which is consumed; undefined for any other. */
  exchange(token: string): string | undefined {
    if (!isSame(token, this.#token)) return undefined;
    this.#token = newSecret();
    const session = newSecret();
    this.#sessions.add(digest(session));
    const [oldest] = this.#sessions;
    if (this.#sessions.size > SESSIONS_KEPT && oldest !== undefined) this.#sessions.delete(oldest);
    return session;
  }

  /** Checks the request's Cookie header. */
  isKnown(cookies: string | undefined): boolean {
    const prefix = `${this.cookieName}=`;
    const session = cookies
      ?.split(";")
      .map((cookie) => cookie.trim())
      .find((cookie) => cookie.startsWith(prefix));
    return session !== undefined && this.#sessions.has(digest(session.slice(prefix.length)));
  }

  setCookie(session: string): string {
    return `${this.cookieName}=${session}; HttpOnly; SameSite=Strict; Path=/`;
  }
}
