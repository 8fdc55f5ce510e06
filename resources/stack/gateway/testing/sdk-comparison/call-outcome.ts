/** What comes of one tool call to a scripted backend: by the SDK's client, and by the gateway's. */
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { ErrorCode, McpError, ResultSchema } from "@modelcontextprotocol/sdk/types.js";
import { HttpUpstream } from "../../backends/http-upstream.ts";
import { type BackendInput, type ScriptedBackend, startScripted } from "./scripted-backend.ts";

// For what neither an answer nor an error follows, which would be a wrong script.
const limitMs = 120_000;
const quietPings = 5;

/** Such as `ok`, `error -32602` or `fails`, with what came before and what the backend was answered. */
export async function outcomeOf(
  input: BackendInput,
  call: (backend: ScriptedBackend, onProgress: (progress: unknown) => void) => Promise<string>,
): Promise<string> {
  const backend = await startScripted(input);
  const progressed: unknown[] = [];
  try {
    const outcome = await call(backend, (progress) => progressed.push(progress));
    const before = progressed.length > 0 ? `progress ${progressed.join(" ")}, ` : "";
    return `${before}${outcome}${backend.answers.length > 0 ? `, answered ${backend.answers.join(" ")}` : ""}`;
  } finally {
    await backend.stop();
  }
}

export async function callWithGateway(
  backend: ScriptedBackend,
  onProgress: (progress: unknown) => void,
): Promise<string> {
  const target = { url: backend.url, headers: {}, sharesSession: true };
  const unused = { log: () => {}, onToolsChanged: () => {}, onSign: () => {} };
  const upstream = new HttpUpstream(target, { name: "test", deadlineMs: limitMs, ...unused });
  try {
    const options = {
      deadlineMs: limitMs,
      onProgress: ({ progress }: Record<string, unknown>) => onProgress(progress),
    };
    const reply = await upstream.request("tools/call", { name: "echo", arguments: {} }, options);
    const { result, error } = JSON.parse(reply.textFor(1)) as { result?: Result; error?: { code: number } };
    return error ? `error ${error.code}` : textOf(result);
  } catch {
    return "fails";
  } finally {
    upstream.close();
  }
}

export async function callWithSdk(backend: ScriptedBackend, onProgress: (progress: unknown) => void): Promise<string> {
  const client = new Client({ name: "sdk", version: "1.0.0" });
  const reading = new CountedFetch();
  const transport = new StreamableHTTPClientTransport(new URL(backend.url), { fetch: reading.fetch });
  client.onerror = () => {};
  const calling = async (): Promise<string> => {
    // The SDK's own types are inconsistent under exactOptionalPropertyTypes.
    const connected = client.connect(transport as Parameters<Client["connect"]>[0], { timeout: limitMs });
    await connected.catch((cause) => {
      throw new Error("not connected", { cause });
    });
    const request = { method: "tools/call", params: { name: "echo", arguments: {} } } as const;
    const options = { timeout: limitMs, onprogress: ({ progress }: { progress: number }) => onProgress(progress) };
    return textOf(await client.request(request, ResultSchema, options));
  };
  const unheard = new AbortController();
  try {
    return await Promise.race([calling(), unanswered(client, backend, reading, unheard.signal)]);
  } catch (error) {
    const isLocal = !(error instanceof McpError) || error.code === ErrorCode.RequestTimeout;
    return isLocal ? "fails" : `error ${error.code}`;
  } finally {
    unheard.abort();
    await client.close();
  }
}

/**
 * Resolves when the backend has given all its answers and nothing comes of them: the SDK's client does not notice, and
 * would wait for its timeout. Round trips of pings show that what came before them has been read.
 */
async function unanswered(
  client: Client,
  backend: ScriptedBackend,
  reading: CountedFetch,
  signal: AbortSignal,
): Promise<string> {
  let [quiet, seen] = [0, -1];
  const activity = (): number => backend.activity() + reading.chunks;
  while (quiet < quietPings && !signal.aborted) {
    await client.ping({ timeout: limitMs }).catch(() => new Promise((resolve) => setImmediate(resolve)));
    const isQuiet = backend.isOver() && reading.underWay === 0 && activity() === seen;
    quiet = isQuiet ? quiet + 1 : 0;
    seen = activity();
  }
  return "fails";
}

/** Counts what the client does other than pinging: a request may wait long for a connection of its own. */
class CountedFetch {
  /** Requests that have no response yet. */
  underWay = 0;
  /** Pieces of responses that have been read. */
  chunks = 0;

  readonly fetch = async (url: string | URL, init?: RequestInit): Promise<Response> => {
    if (String(init?.body).includes('"method":"ping"')) return fetch(url, init);
    this.underWay += 1;
    const response = await fetch(url, init).finally(() => {
      this.underWay -= 1;
    });
    if (!response.body) return response;
    const counting = new TransformStream<Uint8Array, Uint8Array>({
      transform: (chunk, controller) => {
        this.chunks += 1;
        controller.enqueue(chunk);
      },
    });
    return new Response(response.body.pipeThrough(counting), response);
  };
}

interface Result {
  content?: { text?: string }[];
}

function textOf(result: unknown): string {
  return (result as Result | undefined)?.content?.[0]?.text ?? JSON.stringify(result);
}
