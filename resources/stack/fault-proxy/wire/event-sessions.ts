/**
 * The event streams of one link that carry the answers to requests of other connections: MCP's transport of 2024-11-05
 * (HTTP with SSE). Its first event names the address to which the client posts.
 */
/** A request whose answer comes in a stream. */
export interface Waiting {
  /** @param key its JSON-RPC id, as JSON */
  answered(key: string, message: Record<string, unknown>, atMs: number): void;
  /** No answer will come. */
  end(atMs: number, cut: string): void;
}

export interface EventStream {
  /** The request target of the stream itself. */
  target: string;
  /** Path and query of requests that it answers; unknown until it is announced. */
  endpoint: string | undefined;
  /** By JSON-RPC id, as JSON. */
  waiting: Map<string, Waiting>;
}

const base = "http://link";

export class EventSessions {
  readonly #streams = new Map<string, EventStream>();

  /** @param address as in the stream's `endpoint` event: relative to it, or absolute */
  announce(stream: EventStream, address: string): void {
    const endpoint = pathOf(address, stream.target);
    if (endpoint === undefined) return;
    stream.endpoint = endpoint;
    this.#streams.set(endpoint, stream);
  }

  find(target: string): EventStream | undefined {
    return this.#streams.size === 0 ? undefined : this.#streams.get(pathOf(target, "/") ?? "");
  }

  forget(stream: EventStream): void {
    if (stream.endpoint !== undefined) this.#streams.delete(stream.endpoint);
  }
}

function pathOf(address: string, from: string): string | undefined {
  try {
    const { pathname, search } = new URL(address, new URL(from, base));
    return pathname + search;
  } catch {
    return undefined;
  }
}
