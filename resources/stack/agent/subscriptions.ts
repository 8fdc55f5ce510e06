/**
 * The agent's subscriptions to the gateway's events of calls, as a person's window has them, and what each has got. They end with
 * DELETE, after {@link longestMs}, and when the gateway ends them.
 */
import { request as requestHttp } from "node:http";
import { isObject, parseJson } from "../http/json.ts";
import { HttpError } from "../http/serve.ts";

const longestMs = 60_000;
const subscriptionsLimit = 16;
const terminalKinds = new Set(["result", "error", "cancel"]);

interface Subscription {
  isOpen: boolean;
  terminal: number;
  progress: number;
  /** Progress of calls that have not ended, by call. */
  seen: Map<string, { count: number; total: number }>;
  missesProgress: boolean;
  end: () => void;
}

export class Subscriptions {
  readonly #events: URL;
  readonly #all = new Map<string, Subscription>();

  /** `gatewayUrl`: its MCP endpoint. */
  constructor(gatewayUrl: string) {
    this.#events = new URL("/api/events", gatewayUrl);
  }

  /** Resolves once the gateway has accepted it. `session` may be `*`. @throws HttpError */
  async open(body: Record<string, unknown>): Promise<void> {
    const { name, session, turn } = body;
    const isText = (value: unknown) => value === undefined || (typeof value === "string" && value !== "");
    if (typeof name !== "string" || name === "" || !isText(session) || !isText(turn)) {
      throw new HttpError(400, "Send {name, session?, turn?}, all of them texts.");
    }
    if (!this.#all.has(name) && this.#all.size >= subscriptionsLimit) {
      throw new HttpError(503, `There are ${subscriptionsLimit} subscriptions already.`);
    }
    this.#all.get(name)?.end();
    const url = new URL(this.#events);
    for (const [key, value] of Object.entries({ session, turn })) {
      if (typeof value === "string") url.searchParams.set(key, value);
    }
    this.#all.set(name, await subscribe(url));
  }

  /** By name. `terminal`: results, errors and cancellations. */
  read(): Record<string, unknown> {
    return Object.fromEntries(
      [...this.#all].map(([name, { isOpen, terminal, progress, missesProgress }]) => [
        name,
        { isOpen, terminal, progress, missesProgress },
      ]),
    );
  }

  clear(): void {
    for (const { end } of this.#all.values()) end();
    this.#all.clear();
  }
}

function subscribe(url: URL): Promise<Subscription> {
  return new Promise((resolve, reject) => {
    const request = requestHttp(url, { agent: false });
    const timer = setTimeout(() => request.destroy(new Error(`open for ${longestMs} ms`)), longestMs).unref();
    request.on("close", () => clearTimeout(timer));
    request.on("error", (error) => reject(new HttpError(502, `The gateway's events cannot be read: ${error.message}`)));
    request.on("response", (response) => {
      const subscription: Subscription = {
        isOpen: true,
        terminal: 0,
        progress: 0,
        seen: new Map(),
        missesProgress: false,
        end: () => void request.destroy(),
      };
      if (response.statusCode !== 200) {
        request.destroy();
        reject(new HttpError(502, `The gateway answered HTTP ${response.statusCode} to a subscription.`));
        return;
      }
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (piece: string) => {
        const frames = (text + piece).split("\n\n");
        text = frames.pop() ?? "";
        for (const frame of frames) take(subscription, frame);
      });
      response.on("error", () => {});
      response.on("close", () => {
        subscription.isOpen = false;
      });
      resolve(subscription);
    });
    request.end();
  });
}

function take(subscription: Subscription, frame: string): void {
  const event = parseJson(/^data: (.+)$/m.exec(frame)?.[1] ?? "");
  if (!isObject(event)) return;
  const { kind, detail } = event;
  const call = String(event.call);
  if (kind === "progress" && isObject(detail)) {
    subscription.progress += 1;
    const count = (subscription.seen.get(call)?.count ?? 0) + 1;
    subscription.seen.set(call, { count, total: Number(detail.total) });
  }
  if (!terminalKinds.has(String(kind))) return;
  subscription.terminal += 1;
  const { count = 0, total = 0 } = subscription.seen.get(call) ?? {};
  subscription.seen.delete(call);
  // A call that failed may have ended before all of its progress.
  if (kind === "result" && (count === 0 || count < total)) subscription.missesProgress = true;
}
