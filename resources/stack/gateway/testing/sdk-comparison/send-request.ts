/** One HTTP request of a table, sent to a server after a session was opened, and what came of it in one line of text. */
import { request as httpRequest, type IncomingMessage, type OutgoingHttpHeaders } from "node:http";

export interface RequestInput {
  what: string;
  /** Default POST. */
  method?: string;
  /** Default `/mcp`. `PORT` is replaced by the server's. */
  path?: string;
  /** Overrides the default headers; undefined removes one. `SESSION` is replaced by the session's id, `PORT` as in a path. */
  headers?: Readonly<Record<string, string | string[] | undefined>>;
  body?: string | Buffer;
  /** `open` by default: a session of this revision is opened first. `ended`: and ended again. */
  session?: "open" | "ended" | "none";
  revision?: string;
  /** Is sent before, in the session, and its response left open. */
  before?: RequestInput;
}

const limitMs = 120_000;
const standardHeaders = {
  "content-type": "application/json",
  accept: "application/json, text/event-stream",
};

export const initializeBody = (params: Record<string, unknown> = {}): string =>
  JSON.stringify({
    jsonrpc: "2.0",
    id: 1,
    method: "initialize",
    params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "t", version: "1" }, ...params },
  });

export interface Outcome {
  status: number;
  /** Such as `result id 1`; the answers of a batch are sorted, since their order is free. */
  answer: string;
}

export async function outcomeOf(input: RequestInput, port: number): Promise<Outcome> {
  const { session = "open", revision = "2025-11-25", before } = input;
  let sessionId: string | undefined;
  const open: IncomingMessage[] = [];
  try {
    if (session !== "none") {
      const opened = await send({ what: "open", body: initializeBody({ protocolVersion: revision }) }, port, undefined);
      sessionId = String(opened.headers["mcp-session-id"]);
      await bodyOf(opened);
      if (session === "ended") await bodyOf(await send({ what: "end", method: "DELETE" }, port, sessionId));
    }
    if (before) open.push(await send(before, port, sessionId));
    const response = await send(input, port, sessionId);
    open.push(response);
    return { status: response.statusCode ?? 0, answer: await answerIn(response) };
  } finally {
    for (const response of open) response.destroy();
  }
}

function send(input: RequestInput, port: number, sessionId: string | undefined): Promise<IncomingMessage> {
  const { method = "POST", path = "/mcp", body } = input;
  const fill = (text: string): string => text.replaceAll("PORT", `${port}`).replaceAll("SESSION", sessionId ?? "");
  const headers: OutgoingHttpHeaders = {};
  const all: RequestInput["headers"] = { ...standardHeaders, "mcp-session-id": sessionId, ...input.headers };
  for (const [name, value] of Object.entries(all)) {
    if (value !== undefined) headers[name] = typeof value === "string" ? fill(value) : value.map(fill);
  }
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(limitMs);
    const options = { host: "127.0.0.1", port, path: fill(path), method, headers, agent: false, signal };
    const request = httpRequest(options, resolve);
    request.on("error", reject);
    request.end(body);
  });
}

async function bodyOf(response: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of response.setEncoding("utf8")) text += chunk;
  return text;
}

async function answerIn(response: IncomingMessage): Promise<string> {
  if (response.headers["content-type"]?.startsWith("text/event-stream")) return "stream";
  const text = await bodyOf(response);
  if (text === "") return "no answer";
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return "no JSON-RPC";
  }
  const answers = (Array.isArray(value) ? value : [value]).map(describeAnswer);
  return `${Array.isArray(value) ? "batch: " : ""}${answers.sort().join(", ")}`;
}

interface Answer {
  jsonrpc?: unknown;
  id?: unknown;
  error?: { code: number };
  result?: { protocolVersion?: string; isError?: boolean; content?: { text: string }[] };
}

/** What the two must have in common: not their names, nor the words of their errors. */
function describeAnswer({ jsonrpc, id, error, result }: Answer): string {
  if (jsonrpc !== "2.0") return "no JSON-RPC";
  const said = error
    ? `error ${error.code}`
    : result?.isError
      ? "tool error"
      : `result ${result?.protocolVersion ?? result?.content?.[0]?.text ?? ""}`.trimEnd();
  return id === null ? said : `${said} id ${JSON.stringify(id)}`;
}
