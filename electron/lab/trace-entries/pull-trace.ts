import { LabError, messageOf } from "../lab-error.ts";
import { TRACE_FILE_LIMIT } from "../trace-files/read-trace-file.ts";

const LIMIT_MS = 30_000;
const TRACE_ID = /^[0-9a-f]{1,32}$/i;
/** Jaeger and Tempo answer the first; Tempo's second version of its API the other. */
const PATHS = ["api/traces/", "api/v2/traces/"] as const;

export interface PulledTrace {
  content: Uint8Array;
  /** `4bf92f35 from localhost:3200`. */
  name: string;
}

/**
 * One trace, from the query API of Jaeger (grafana.com/docs/tempo/latest/api_docs: the same path) or of Tempo.
 * @param address http or https, by a person; the path of the API is appended to its own
 * @throws LabError `bad-input` for an address or an id that is none, `unreachable` for what is answered or is not
 */
export async function pullTrace(address: string, traceId: string, signal: AbortSignal): Promise<PulledTrace> {
  const base = URL.parse(address.endsWith("/") ? address : `${address}/`);
  if (base === null || !/^https?:$/.test(base.protocol)) {
    throw new LabError("bad-input", `"${address}" is no address of a tracing backend`, {
      hint: "for example http://localhost:16686 (Jaeger) or http://localhost:3200 (Tempo)",
    });
  }
  if (!TRACE_ID.test(traceId)) {
    throw new LabError("bad-input", `"${traceId}" is no trace id`, { hint: "it has up to 32 hexadecimal digits" });
  }
  const until = AbortSignal.any([signal, AbortSignal.timeout(LIMIT_MS)]);
  for (const path of PATHS) {
    const url = new URL(`${path}${traceId.toLowerCase()}`, base);
    const response = await ask(url, until, signal);
    if (response.status === 404) {
      await response.body?.cancel();
      continue;
    }
    if (!response.ok) throw unreachable(url, `answered HTTP ${response.status}: ${await beginning(response)}`);
    const content = await read(response, url, signal);
    return { content, name: `${traceId.slice(0, 8)} from ${base.host}` };
  }
  throw new LabError("bad-input", `${base.host} has no trace ${traceId}`, {
    hint: "it may not have been stored yet: ask again in a few seconds",
  });
}

async function ask(url: URL, until: AbortSignal, signal: AbortSignal): Promise<Response> {
  try {
    // JSON has the same in every version; a redirect could lead anywhere.
    return await fetch(url, { headers: { accept: "application/json" }, redirect: "error", signal: until });
  } catch (error) {
    signal.throwIfAborted();
    if (until.aborted) throw unreachable(url, `did not answer within ${LIMIT_MS / 1_000} s`);
    const { cause } = error as { cause?: unknown };
    throw unreachable(url, `cannot be reached: ${messageOf(cause ?? error)}`);
  }
}

async function read(response: Response, url: URL, signal: AbortSignal): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response.body ?? []) {
      bytes += chunk.byteLength;
      if (bytes > TRACE_FILE_LIMIT) throw unreachable(url, `answered more than ${TRACE_FILE_LIMIT} bytes`);
      chunks.push(chunk);
    }
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof LabError
      ? error
      : unreachable(url, `ended before all of it was answered: ${messageOf(error)}`);
  }
  return Buffer.concat(chunks);
}

async function beginning(response: Response): Promise<string> {
  return (await response.text().catch(() => "")).slice(0, 200);
}

function unreachable(url: URL, why: string): LabError {
  return new LabError("unreachable", `${url.origin}${url.pathname} ${why}`);
}
