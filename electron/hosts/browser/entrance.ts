import { digest, isSame, newSecret } from "./secret.ts";

/** Browsers of one person, over a day of work; the oldest is asked to come in again. */
const SESSIONS_KEPT = 64;

/**
 * Who may load the page. The address that the lab prints holds a token that works once; it is exchanged for a cookie, so
 * that what stays in the browser's history, or is seen over a shoulder, opens nothing. The cookie opens the page's files
 * and nothing else: the browser sends it to every port of this machine, and whoever listens there can send it here.
 */
export class Entrance {
  /** Its name holds the port: browsers share cookies among all ports of a host. */
  readonly cookieName: string;
  readonly #sessions = new Set<string>();
  #token = newSecret();

  constructor(port: number) {
    this.cookieName = `resilience-lab-${port}`;
  }

  /** The token that the next person may come in with. */
  get token(): string {
    return this.#token;
  }

  /** A session for the right token, which is spent by this; undefined for any other. */
  exchange(token: string): string | undefined {
    if (!isSame(token, this.#token)) return undefined;
    this.#token = newSecret();
    const session = newSecret();
    this.#sessions.add(digest(session));
    const [oldest] = this.#sessions;
    if (this.#sessions.size > SESSIONS_KEPT && oldest !== undefined) this.#sessions.delete(oldest);
    return session;
  }

  /** By the request's Cookie header. */
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
