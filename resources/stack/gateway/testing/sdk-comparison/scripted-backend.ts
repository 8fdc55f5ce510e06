/** A backend that initializes like any, and answers a tool call as its script says. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** In all texts `ID` stands for the request's id, and `TOKEN` for its progress token, as JSON. */
export interface Answer {
  /** Default 200. */
  status?: number;
  headers?: Readonly<Record<string, string>>;
  body?: string;
  /** Applied to the body once the id is in it. Default: UTF-8. */
  encode?: (body: string) => Buffer;
  /** One byte in each write. */
  bytewise?: boolean;
  /** The whole response as bytes, in the place of all others. The connection is closed after it. */
  raw?: string;
  /** The connection is reset after what has been sent, in the place of the response's end. */
  cut?: boolean;
  /** Sent once the client has answered a request that the body has for it. */
  afterAnswer?: string;
}

export interface BackendInput {
  what: string;
  /** To connect to, `PORT` for the port. */
  url?: string;
  /** What a request must ask for; another target is answered 404. Default `/mcp`. */
  target?: string;
  initialize?: readonly Answer[];
  /** The answer to notifications/initialized. */
  initialized?: Answer;
  /** The first is for the call; the others are for each time that its stream is resumed, or the call is sent again. */
  call?: readonly Answer[];
}

export interface ScriptedBackend {
  url: string;
  /** What the client sent in answer to the backend's requests. */
  answers: string[];
  /** Counts requests other than pings, and responses that have ended. */
  activity: () => number;
  /** Whether all scripted answers have been given and their connections released. */
  isOver: () => boolean;
  stop: () => Promise<void>;
}

interface Message {
  id?: string | number;
  method?: string;
  params?: { _meta?: { progressToken?: string | number } };
  result?: unknown;
  error?: { code: number };
}

export const json = { "content-type": "application/json" };
export const about = (protocolVersion: unknown = "2025-11-25"): string =>
  JSON.stringify({ protocolVersion, capabilities: { tools: {} }, serverInfo: { name: "b", version: "1" } });
export const response = (result: string): string => `{"jsonrpc":"2.0","id":ID,"result":${result}}`;
export const ok = response('{"content":[{"type":"text","text":"ok"}]}');

export async function startScripted(input: BackendInput): Promise<ScriptedBackend> {
  const { target = "/mcp" } = input;
  const initialize = [
    ...(input.initialize ?? [{ headers: { ...json, "mcp-session-id": "s1" }, body: response(about()) }]),
  ];
  const call = [...(input.call ?? [{ headers: json, body: ok }])];
  const scripted = input.initialize ? initialize : call;
  const answers: string[] = [];
  let [activity, open] = [0, 0];
  let onAnswer: (() => void) | undefined;
  let asked: Message = {};

  const handle = async (request: IncomingMessage, reply: ServerResponse): Promise<void> => {
    let text = "";
    for await (const chunk of request) text += chunk;
    const message: Message = text === "" ? {} : JSON.parse(text);
    if (message.method !== "ping") {
      activity += 1;
      open += 1;
      reply.on("close", () => {
        activity += 1;
        open -= 1;
      });
    }
    if (request.url !== target && !target.includes(" ")) {
      give(request, reply, { status: 404 }, message);
    } else if (request.method === "GET") {
      const resumes = request.headers["last-event-id"] !== undefined;
      give(
        request,
        reply,
        (resumes ? (input.initialize && initialize.length > 0 ? initialize : call).shift() : undefined) ?? {
          status: 405,
        },
        asked,
      );
    } else if (message.method === "initialize") {
      asked = message;
      give(request, reply, initialize.shift() ?? { status: 500 }, message);
    } else if (message.method === "notifications/initialized") {
      give(request, reply, input.initialized ?? { status: 202 }, message);
    } else if (message.method === "tools/call") {
      asked = message;
      give(request, reply, call.shift() ?? { status: 500 }, message);
    } else if (message.method === "ping") {
      give(request, reply, { headers: json, body: response("{}") }, message);
    } else {
      if (message.method === undefined && "id" in message) {
        answers.push(message.error ? `error ${message.error.code}` : JSON.stringify(message.result));
        onAnswer?.();
      }
      give(request, reply, { status: 202 }, message);
    }
  };

  const give = (request: IncomingMessage, reply: ServerResponse, answer: Answer, message: Message): void => {
    const fill = (text: string): string =>
      text
        .replaceAll("ID", JSON.stringify(message.id))
        .replaceAll("TOKEN", JSON.stringify(message.params?._meta?.progressToken));
    if (answer.raw !== undefined) {
      request.socket.end(fill(answer.raw));
      return;
    }
    reply.writeHead(answer.status ?? 200, answer.headers);
    const { body = "", encode = Buffer.from, bytewise = false } = answer;
    const bytes = encode(fill(body));
    for (let at = 0; at < bytes.length; at += bytewise ? 1 : bytes.length) {
      reply.write(bytes.subarray(at, bytewise ? at + 1 : bytes.length));
    }
    if (answer.afterAnswer !== undefined) {
      const rest = fill(answer.afterAnswer);
      onAnswer = () => reply.end(rest);
    } else if (answer.cut) {
      reply.write("", () => request.socket.resetAndDestroy());
    } else {
      reply.end();
    }
  };

  const server = createServer((request, reply) => void handle(request, reply)).listen(0, "localhost");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: (input.url ?? "http://localhost:PORT/mcp").replace("PORT", `${port}`),
    answers,
    activity: () => activity,
    isOver: () => scripted.length === 0 && open === 0,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
