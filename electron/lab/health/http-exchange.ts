import type { IncomingHttpHeaders, IncomingMessage } from "node:http";

// Imported as a module, Node reads every export of it, and three of them load all of undici: 50 ms of each start of the lab.
const { Agent, request } = process.getBuiltinModule("node:http");

/** Of a probe; a body is held in memory. */
const MAX_BODY_BYTES = 256 * 1024;
/** A stream that its server leaves open after the reply is closed after this time. */
const LEFT_OPEN_MS = 1_000;

/** One keep-alive pool for all probes of the process and for its fault proxies. */
const agent = new Agent({ keepAlive: true, maxSockets: 2, timeout: 30_000 });

export interface Exchange {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

export interface HttpRequest {
  method: string;
  headers?: Record<string, string>;
  body?: string;
  /** Called with the body so far; true ends the exchange with it, for streams that a server leaves open. */
  isEnough?: (body: string, headers: IncomingHttpHeaders) => boolean;
  /** Of the answer; 256 KiB unless set. */
  maxBytes?: number;
}

/**
 * One HTTP exchange on this machine. Retried once when a kept-alive connection turns out to be closed by the server.
 * @throws when there is no answer, the answer is cut off or too large, or `signal` aborts
 */
export async function exchange(url: string, asked: HttpRequest, signal: AbortSignal): Promise<Exchange> {
  try {
    return await once(url, asked, signal);
  } catch (error) {
    if (signal.aborted || !(error instanceof Error && "reused" in error && error.reused)) throw error;
    return once(url, asked, signal);
  }
}

function once(url: string, asked: HttpRequest, signal: AbortSignal): Promise<Exchange> {
  const { method, headers, body, isEnough, maxBytes = MAX_BODY_BYTES } = asked;
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method, headers: headers ?? {}, agent, signal }, (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      const end = () => {
        const text = Buffer.concat(chunks).toString("utf8");
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text });
      };
      response.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > maxBytes) {
          response.destroy(new Error(`answers with more than ${maxBytes / 1024} KiB`));
          return;
        }
        chunks.push(chunk);
        if (!isEnough?.(Buffer.concat(chunks).toString("utf8"), response.headers)) return;
        end();
        endSoon(response);
      });
      response.once("error", reject);
      response.once("end", end);
    });
    outgoing.once("error", (error) => reject(Object.assign(error, { reused: outgoing.reusedSocket })));
    outgoing.end(body);
  });
}

/** A response whose body is read as it comes, over a connection of its own. @throws when there is no answer */
export function openStream(
  url: string,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request(url, { headers, agent: false, signal }, resolve).on("error", reject).end();
  });
}

function endSoon(response: IncomingMessage): void {
  const timer = setTimeout(() => response.destroy(), LEFT_OPEN_MS);
  response.once("close", () => clearTimeout(timer));
}
