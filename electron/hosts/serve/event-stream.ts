import { once } from "node:events";
import type { ServerResponse } from "node:http";

const KEEP_ALIVE_MS = 15_000;

export interface StreamedEvent {
  event: string;
  data: unknown;
  id?: string;
}

/** A response of server-sent events (text/event-stream, HTML living standard 9.2). */
export class EventStream {
  readonly #response: ServerResponse;
  readonly #left = new AbortController();
  readonly #alive: NodeJS.Timeout;

  constructor(response: ServerResponse) {
    this.#response = response;
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    response.flushHeaders();
    response.once("close", () => this.#left.abort());
    this.#alive = setInterval(() => response.write(": alive\n\n"), KEEP_ALIVE_MS).unref();
  }

  /** Aborts when the listener is gone. */
  get signal(): AbortSignal {
    return this.#left.signal;
  }

  /** Resolves when the listener may be sent more. */
  async send({ event, data, id }: StreamedEvent): Promise<void> {
    const lines = [...(id === undefined ? [] : [`id: ${id}`]), `event: ${event}`];
    const text = typeof data === "string" ? data : JSON.stringify(data);
    for (const line of text.split("\n")) lines.push(`data: ${line}`);
    if (this.signal.aborted || this.#response.write(`${lines.join("\n")}\n\n`)) return;
    await once(this.#response, "drain", { signal: this.signal }).catch(() => {});
  }

  end(): void {
    clearInterval(this.#alive);
    this.#response.end();
  }
}
