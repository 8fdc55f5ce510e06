import type { IncomingHttpHeaders, IncomingMessage } from "node:http";

// Imported as a module, Node reads every export of it, and three of them load all of undici: 50 ms of each start of the lab.
const { Agent, request } = process.getBuiltinModule("node:http");

const MAX_BODY_BYTES = 256 * 1024;
/** A stream that its server leaves open after the reply is closed after this time. */
const LEFT_OPEN_MS = 1_000;

/** One keep-alive pool for all HTTP and MCP probes of the process. */
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
}

/**
 * One HTTP exchange of a probe. Retried once when a kept-alive connection turns out to be closed by the server.
 * @throws when there is no answer, the answer is cut off or larger than 256 KiB, or `signal` aborts
 */
export async function exchange(url: string, asked: HttpRequest, signal: AbortSignal): Promise<Exchange> {
  try {
    return await once(url, asked, signal);
  } catch (error) {
    if (signal.aborted || !(error instanceof Error && "reused" in error && error.reused)) throw error;
    return once(url, asked, signal);
  }
}

function once(url: string, { method, headers, body, isEnough }: HttpRequest, signal: AbortSignal): Promise<Exchange> {
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
        if (bytes > MAX_BODY_BYTES) {
          response.destroy(new Error(`answers with more than ${MAX_BODY_BYTES / 1024} KiB`));
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

function endSoon(response: IncomingMessage): void {
  const timer = setTimeout(() => response.destroy(), LEFT_OPEN_MS);
  response.once("close", () => clearTimeout(timer));
}
