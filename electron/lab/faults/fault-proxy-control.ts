import { Toxiproxy } from "toxiproxy-node-client";
import { LabError, messageOf } from "../lab-error.ts";
import type { ToxicBody } from "./link-faults.ts";
import type { Hit } from "./proxy-hits.ts";
import type { LinkState } from "./proxy-links.ts";

/** The proxy is on this machine and answers in a millisecond; one that does not is frozen or gone. */
const ANSWER_LIMIT_MS = 2_000;

/** Speaks Toxiproxy's API to the fault proxy of a stack, a fault being a toxic that carries the fault's id. */
export class FaultProxyControl {
  readonly #api: string;
  readonly #client: Toxiproxy;

  /** @param api such as `http://127.0.0.1:8474` */
  constructor(api: string) {
    this.#api = api;
    this.#client = new Toxiproxy(api);
  }

  /** Arms a fault on a link; the proxy takes it away by itself after `forMs`, whatever becomes of the lab. */
  async arm(link: string, fault: string, toxic: ToxicBody, forMs: number): Promise<void> {
    const body = { name: fault, ...toxic, for_ms: Math.max(1, Math.round(forMs)) };
    await this.#answer("POST", this.#toxics(link), () => this.#client.api.post(this.#toxics(link), body));
  }

  /** Every link of the proxy by its name, with the toxics on it. Source: Toxiproxy's `GET /proxies`. */
  async links(): Promise<Map<string, LinkState>> {
    const url = `${this.#api}/proxies`;
    const { data } = await this.#answer("GET", url, () => this.#client.api.get<unknown>(url));
    const { readLinkStates } = await import("./proxy-links.ts"); // a halt, which comes here too, needs no schema
    return readLinkStates(data);
  }

  /** Takes a fault off a link. Resolves to how many requests met it, or undefined where that is not known. */
  async disarm(link: string, fault: string): Promise<number | undefined> {
    const url = `${this.#toxics(link)}/${encodeURIComponent(fault)}`;
    const found = await this.#find(url);
    if (found === undefined) return undefined;
    await this.#answer("DELETE", url, () => this.#client.api.delete(url)).catch(ignoreMissing);
    return hitsOf(found);
  }

  async isArmed(link: string, fault: string): Promise<boolean> {
    return (await this.#find(`${this.#toxics(link)}/${encodeURIComponent(fault)}`)) !== undefined;
  }

  /** Whether the link accepts connections. @throws LabError when the proxy has no such link */
  async isOpen(link: string): Promise<boolean> {
    const { enabled } = await this.#answer("GET", this.#proxy(link), () => this.#client.get(encodeURIComponent(link)));
    return enabled;
  }

  async close(link: string, forMs: number): Promise<void> {
    await this.#setEnabled(link, { enabled: false, disabled_for_ms: Math.max(1, Math.round(forMs)) });
  }

  async open(link: string): Promise<void> {
    await this.#setEnabled(link, { enabled: true });
  }

  /** The hits after `since`, oldest first. */
  async hits(since: number): Promise<Hit[]> {
    const url = `${this.#api}/hits?since=${since}`;
    const { data } = await this.#answer("GET", url, () => this.#client.api.get<unknown>(url));
    const { readHits } = await import("./proxy-hits.ts"); // a halt, which comes here too, needs no schema
    return readHits(data);
  }

  async #setEnabled(link: string, state: object): Promise<void> {
    await this.#answer("POST", this.#proxy(link), () => this.#client.api.post(this.#proxy(link), state));
  }

  async #find(url: string): Promise<unknown> {
    const found = await this.#answer("GET", url, () => this.#client.api.get<unknown>(url)).catch(ignoreMissing);
    return found?.data;
  }

  #proxy(link: string): string {
    return `${this.#api}/proxies/${encodeURIComponent(link)}`;
  }

  #toxics(link: string): string {
    return `${this.#proxy(link)}/toxics`;
  }

  /** The client has no time limit of its own, and says of a refusal only its status. */
  async #answer<Value>(method: string, url: string, ask: () => Promise<Value>): Promise<Value> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => late.reject(new Error(`no answer within ${ANSWER_LIMIT_MS} ms`)), ANSWER_LIMIT_MS);
    try {
      return await Promise.race([ask(), late.promise]);
    } catch (error) {
      const message = `the fault proxy, ${method} ${url}: ${messageOf(error)}`;
      const refusal = /status code (4\d\d)/.exec(messageOf(error));
      if (refusal !== null) throw new ProxyRefusal(message, Number(refusal[1]), { cause: error });
      throw new LabError("unreachable", message, { cause: error });
    } finally {
      clearTimeout(timer);
    }
  }
}

/** The proxy has answered, and did nothing: what it was told names something that is not there, or makes no sense. */
export class ProxyRefusal extends LabError {
  /** Such as 404 for a link or a toxic that the proxy does not have. */
  readonly status: number;

  constructor(message: string, status: number, options: { cause: unknown }) {
    super("bad-input", message, options);
    this.status = status;
  }
}

/** How many requests met a toxic; undefined where the proxy, like the real Toxiproxy, does not count. */
function hitsOf(toxic: unknown): number | undefined {
  const counted = typeof toxic === "object" && toxic !== null && "hits" in toxic ? toxic.hits : undefined;
  return typeof counted === "number" ? counted : undefined;
}

function ignoreMissing(error: unknown): undefined {
  if (isMissing(error)) return undefined;
  throw error;
}

/** Whether the proxy has said that it has no such link or toxic. */
export function isMissing(error: unknown): boolean {
  return error instanceof ProxyRefusal && error.status === 404;
}
