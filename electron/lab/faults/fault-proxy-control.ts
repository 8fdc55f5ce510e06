import { isObject, parseJson } from "../../model/json.ts";
import { AbortScope } from "../abort-scope.ts";
import { exchange, openStream } from "../health/http-exchange.ts";
import { LabError, messageOf } from "../lab-error.ts";
import type { AskProxy } from "../stacks/link-sidecars.ts";
import { tokenHeaders } from "../stacks/service-token.ts";
import type { ToxicBody } from "./link-faults.ts";
import type { Hit } from "./proxy-hits.ts";
import type { LinkState } from "./proxy-links.ts";
import type { WireRecord } from "./wire-records.ts";

/** The proxy runs on this machine and answers within a millisecond; one that does not is frozen or gone. */
const ANSWER_LIMIT_MS = 2_000;
const ANSWER_LIMIT_BYTES = 64 * 1024 * 1024;
/** A stream sends a heartbeat every 10 s. */
const SILENCE_LIMIT_MS = 25_000;

/** Client of the fault proxy of a stack, in Toxiproxy's API. A fault is a toxic named by the fault's id. */
export class FaultProxyControl {
  /** Empty for a proxy that is not reached by HTTP. */
  readonly #api: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #send: AskProxy;

  /**
   * @param api such as `http://127.0.0.1:8474`, or another way to send requests to the proxy
   * @param token the proxy's API token, if it requires one
   */
  constructor(api: string | AskProxy, token?: string) {
    this.#api = typeof api === "string" ? api : "";
    this.#headers = { "content-type": "application/json", ...tokenHeaders({ token }) };
    this.#send = typeof api === "string" ? (method, path, body) => this.#exchange(method, path, body) : api;
  }

  /** Arms a fault on a link. The proxy removes it itself after `forMs`, even if the lab has died. */
  async arm(link: string, fault: string, toxic: ToxicBody, forMs: number): Promise<void> {
    const body = { name: fault, ...toxic, for_ms: Math.max(1, Math.round(forMs)) };
    await this.#ask("POST", this.#toxics(link), body);
  }

  /** Every link of the proxy by its name, with the toxics on it. Source: Toxiproxy's `GET /proxies`. */
  async links(): Promise<Map<string, LinkState>> {
    const data = await this.#ask("GET", "/proxies");
    const { readLinkStates } = await import("./proxy-links.ts"); // loaded lazily: a halt also uses this module and needs no schema
    return readLinkStates(data);
  }

  /** Removes a fault from a link. Resolves to how many requests it affected, or undefined where that is not known. */
  async disarm(link: string, fault: string): Promise<number | undefined> {
    const path = `${this.#toxics(link)}/${encodeURIComponent(fault)}`;
    const found = await this.#find(path);
    if (found === undefined) return undefined;
    await this.#ask("DELETE", path).catch(ignoreMissing);
    return hitsOf(found);
  }

  async isArmed(link: string, fault: string): Promise<boolean> {
    return (await this.#find(`${this.#toxics(link)}/${encodeURIComponent(fault)}`)) !== undefined;
  }

  /** Whether the link accepts connections. @throws LabError when the proxy has no such link */
  async isOpen(link: string): Promise<boolean> {
    return Object(await this.#ask("GET", this.#proxy(link))).enabled === true;
  }

  async close(link: string, forMs: number): Promise<void> {
    await this.#setEnabled(link, { enabled: false, disabled_for_ms: Math.max(1, Math.round(forMs)) });
  }

  async open(link: string): Promise<void> {
    await this.#setEnabled(link, { enabled: true });
  }

  /** The hits after `since`, oldest first. */
  async hits(since: number): Promise<Hit[]> {
    const data = await this.#ask("GET", `/hits?since=${since}`);
    const { readHits } = await import("./proxy-hits.ts"); // loaded lazily: a halt also uses this module and needs no schema
    return readHits(data);
  }

  /**
   * Hands over each hit after `since` as it happens, oldest first, until the proxy ends the stream.
   * @throws when there is no proxy, or it has no such stream; the signal's reason when it aborts
   */
  async followHits(since: number, take: (hit: Hit) => void, signal: AbortSignal): Promise<void> {
    const { readHitLine } = await import("./proxy-hits.ts");
    await this.#followLines(`/hits/stream?since=${since}`, (line) => pass(readHitLine(line), take), signal);
  }

  /** The exchanges after `since`, oldest first, and the number of the last one that was looked for. */
  async calls(since: number): Promise<{ calls: WireRecord[]; next: number }> {
    const data = await this.#ask("GET", `/wire?since=${since}`);
    const { readWirePage } = await import("./wire-records.ts");
    return readWirePage(data);
  }

  /**
   * Hands over each exchange from now on, which the proxy reads while this is followed.
   * @param bodiesOf links whose bodies are wanted
   * @param opened called once, with the number of the last exchange before
   * @throws as {@link followHits}
   */
  async followCalls(
    bodiesOf: readonly string[],
    opened: (last: number) => void,
    take: (call: WireRecord) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const { readWireLine } = await import("./wire-records.ts");
    const query = bodiesOf.map((link) => `bodies=${encodeURIComponent(link)}`).join("&");
    await this.#followLines(`/wire/stream?${query}`, (line) => pass(readWireLine(line), take), signal, opened);
  }

  /** @param opened called with the number of the last record before those that follow */
  async #followLines(
    path: string,
    takeLine: (line: string) => void,
    signal: AbortSignal,
    opened: (last: number) => void = () => {},
  ): Promise<void> {
    const scope = new AbortScope(signal);
    // A lost network is not reported by the socket.
    const silence = setTimeout(() => scope.abort(new Error("the stream is silent")), SILENCE_LIMIT_MS).unref();
    try {
      const reply = await openStream(`${this.#api}${path}`, this.#headers, scope.signal);
      const isStream = reply.headers["content-type"]?.startsWith("application/x-ndjson") ?? false;
      if (reply.statusCode !== 200 || !isStream) {
        reply.destroy();
        throw new ProxyRefusal(`${this.#api} has no stream at ${path}: status code ${reply.statusCode}`, 404);
      }
      opened(Number(reply.headers["x-last"] ?? 0));
      let rest = "";
      for await (const text of reply.setEncoding("utf8")) {
        silence.refresh();
        const lines = (rest + text).split("\n");
        rest = lines.pop() ?? "";
        for (const each of lines) takeLine(each);
      }
    } finally {
      clearTimeout(silence);
      scope.end();
    }
  }

  async #setEnabled(link: string, state: object): Promise<void> {
    await this.#ask("POST", this.#proxy(link), state);
  }

  async #find(path: string): Promise<unknown> {
    return this.#ask("GET", path).catch(ignoreMissing);
  }

  #proxy(link: string): string {
    return `/proxies/${encodeURIComponent(link)}`;
  }

  #toxics(link: string): string {
    return `${this.#proxy(link)}/toxics`;
  }

  /** @throws ProxyRefusal for a 4xx; LabError `unreachable` for any other failure */
  async #ask(method: string, path: string, body?: unknown): Promise<unknown> {
    const what = `the fault proxy, ${method} ${this.#api}${path}`;
    try {
      const { status, body: text } = await this.#send(method, path, body);
      if (status >= 200 && status < 300) {
        const answer = parseJson(text);
        if (answer === undefined && text !== "") throw new Error("what answers there is no fault proxy: not JSON");
        return answer;
      }
      const message = `${what}: status code ${status}`;
      if (status === 401) throw new ProxyRefusal(`${message}: it does not know this data folder's token`, status);
      if (status >= 400 && status < 500) throw new ProxyRefusal(message, status);
      throw new Error(`status code ${status}`);
    } catch (error) {
      if (error instanceof ProxyRefusal) throw error;
      throw new LabError("unreachable", `${what}: ${messageOf(error)}`, { cause: error });
    }
  }

  async #exchange(method: string, path: string, body: unknown): ReturnType<AskProxy> {
    const signal = AbortSignal.timeout(ANSWER_LIMIT_MS);
    try {
      const sent = body === undefined ? {} : { body: JSON.stringify(body) };
      const asked = { method, headers: this.#headers, maxBytes: ANSWER_LIMIT_BYTES, ...sent };
      return await exchange(`${this.#api}${path}`, asked, signal);
    } catch (error) {
      throw signal.aborted ? new Error(`no answer within ${ANSWER_LIMIT_MS} ms`, { cause: error }) : error;
    }
  }
}

/** The proxy answered and changed nothing: the request names something that does not exist, or is invalid. */
export class ProxyRefusal extends LabError {
  /** HTTP status code; 404 for a link or a toxic that the proxy does not have. */
  readonly status: number;

  constructor(message: string, status: number) {
    super("bad-input", message);
    this.status = status;
  }
}

function pass<Value>(value: Value | undefined, take: (value: Value) => void): void {
  if (value !== undefined) take(value);
}

/** How many requests a toxic affected; undefined where the proxy, like the original Toxiproxy, does not count them. */
function hitsOf(toxic: unknown): number | undefined {
  const counted = isObject(toxic) ? toxic.hits : undefined;
  return typeof counted === "number" ? counted : undefined;
}

function ignoreMissing(error: unknown): undefined {
  if (isMissing(error)) return undefined;
  throw error;
}

/** Whether the proxy answered that it has no such link or toxic. */
export function isMissing(error: unknown): boolean {
  return error instanceof ProxyRefusal && error.status === 404;
}
