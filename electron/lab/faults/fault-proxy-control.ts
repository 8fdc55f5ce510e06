import { Toxiproxy } from "toxiproxy-node-client";
import { LabError, messageOf } from "../lab-error.ts";
import type { ToxicBody } from "./link-faults.ts";
import type { Hit } from "./proxy-hits.ts";

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

  /** Takes a fault off a link. Resolves to how many requests met it, or undefined when it was no longer there. */
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
      const code = messageOf(error).includes("status code 404") ? "bad-input" : "unreachable";
      throw new LabError(code, `the fault proxy, ${method} ${url}: ${messageOf(error)}`, { cause: error });
    } finally {
      clearTimeout(timer);
    }
  }
}

/** How many requests met a toxic. The real Toxiproxy does not count. */
function hitsOf(toxic: unknown): number {
  const counted = typeof toxic === "object" && toxic !== null && "hits" in toxic ? toxic.hits : 0;
  return typeof counted === "number" ? counted : 0;
}

function ignoreMissing(error: unknown): undefined {
  if (error instanceof LabError && error.code === "bad-input") return undefined;
  throw error;
}
