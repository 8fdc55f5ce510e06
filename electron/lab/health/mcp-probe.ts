import { orAbort, within } from "../abort-scope.ts";
import { messageOf } from "../lab-error.ts";
import type { McpEndpoint } from "./mcp-endpoint.ts";
import type { ProbeMethod, Verdict } from "./probe-method.ts";
import type { ProbeSession } from "./probe-session.ts";
import { openStreamable } from "./streamable-session.ts";

/** Longer than a check: a bridge starts a process for each session, and keeps that of an abandoned handshake. */
const HANDSHAKE_LIMIT_MS = 10_000;
const PING_LIMIT_MS = 5_000;
const CLOSE_LIMIT_MS = 1_000;

/**
 * Checks that a server accepts MCP clients: opens a session as a client would, over Streamable HTTP or else HTTP+SSE, and,
 * as long as it exists, sends a ping in it with each check. A bridge answers HTTP even when nothing is behind it, while a
 * ping reaches the server. There is one session at a time; it is ended when it is abandoned and when the probe is closed.
 *
 * A handshake or a ping may take longer than a check: later checks join it, and end by their own time limit.
 */
export class McpProbe implements ProbeMethod {
  readonly #endpoint: McpEndpoint;
  readonly #triesOlder: boolean;
  readonly #stop = new AbortController();
  #session: ProbeSession | undefined;
  #pending: Promise<Verdict> | undefined;

  /** @param triesOlder whether HTTP+SSE is tried where the server may speak that */
  constructor(endpoint: McpEndpoint, { triesOlder } = { triesOlder: true }) {
    this.#endpoint = endpoint;
    this.#triesOlder = triesOlder;
  }

  async check(signal: AbortSignal): Promise<Verdict> {
    // The answer to an earlier request may predate a change, so this check sends its own after it.
    if (this.#pending !== undefined) await orAbort(this.#pending, signal).catch(() => signal.throwIfAborted());
    this.#pending = this.#ask().finally(() => {
      this.#pending = undefined;
    });
    return orAbort(this.#pending, signal);
  }

  async close(): Promise<void> {
    const { signal } = this.#stop;
    await within(signal, CLOSE_LIMIT_MS, async () => this.#pending).catch(() => {});
    this.#stop.abort(new Error("the probe was closed"));
    await this.#end();
  }

  async #ask(): Promise<Verdict> {
    const session = this.#session;
    if (session !== undefined) {
      const ping = (limit: AbortSignal) => session.ping(limit);
      const refusal = await within(this.#stop.signal, PING_LIMIT_MS, ping).catch(messageOf);
      if (refusal === undefined) return { status: "up", reason: "answers an MCP ping" };
      this.#stop.signal.throwIfAborted();
      void this.#end();
    }
    const refusal = await within(this.#stop.signal, HANDSHAKE_LIMIT_MS, (limit) => this.#open(limit));
    if (refusal === undefined) return { status: "up", reason: "answers an MCP handshake" };
    return { status: "degraded", reason: `refuses an MCP handshake: ${refusal}` };
  }

  /** Opens a session. @returns the reason when it was refused, else undefined */
  async #open(limit: AbortSignal): Promise<string | undefined> {
    let opened = await openStreamable(this.#endpoint, limit);
    if (this.#triesOlder && "mayBeOlder" in opened && opened.mayBeOlder) {
      // Loads the SDK's client, which most stacks never need.
      const { openSse } = await import("./sse-session.ts");
      opened = (await openSse(this.#endpoint, limit)) ?? opened;
    }
    if ("reason" in opened) return opened.reason;
    this.#session = opened;
    return undefined;
  }

  async #end(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    await session?.end();
  }
}
