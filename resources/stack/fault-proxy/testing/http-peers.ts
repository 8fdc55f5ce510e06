/** A server that defines its replies byte for byte, and an HTTP client's interpretation of the received bytes. */
import { request } from "node:http";
import { duplexPair } from "node:stream";
import { openServer } from "./proxy-under-test.ts";

export const framings = ["length", "chunked", "trailers", "until close"] as const;
export type Framing = (typeof framings)[number];

const tools = JSON.stringify({ jsonrpc: "2.0", id: 1, result: { tools: [{ name: "a" }, { name: "b" }] } });
const events = [`id: 1\ndata: ${tools}\n\n`, "id: 2\ndata: \u20ac\n\n", "id: 3\ndata: last\n\n"];

/** The body of every reply of that server. */
export const replyBody = events.join("");
export const replyTrailers = { "x-checksum": "abc", "x-second": "d" };

/** The two parts in which a reply is sent. */
export function replyParts(framing: Framing, closes: boolean): [Buffer, Buffer] {
  const head = ["HTTP/1.1 200 OK", "Content-Type: text/event-stream", "Mcp-Session-Id: s"];
  if (framing === "length") head.push(`Content-Length: ${Buffer.byteLength(replyBody)}`);
  else if (framing !== "until close") head.push("Transfer-Encoding: chunked");
  if (framing === "trailers") head.push("Trailer: X-Checksum, X-Second");
  if (closes || framing === "until close") head.push("Connection: close");
  const isChunked = framing === "chunked" || framing === "trailers";
  const chunk = (text: string): string => (isChunked ? `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n` : text);
  const end = framing === "trailers" ? "0\r\nX-Checksum: abc\r\nX-Second: d\r\n\r\n" : isChunked ? "0\r\n\r\n" : "";
  const [first = "", ...rest] = events;
  return [Buffer.from(`${head.join("\r\n")}\r\n\r\n${chunk(first)}`), Buffer.from(rest.map(chunk).join("") + end)];
}

export interface SeenRequest {
  text: string;
  write: (bytes: Buffer) => void;
  /** The last bytes of the reply. Then the server ends its side if the client has, or if the reply requires it. */
  finish: (bytes: Buffer, ends: boolean) => void;
}

/** Calls `onRequest` with each complete request; the callback answers it. */
export async function openRawServer(onRequest: (seen: SeenRequest) => void): Promise<number> {
  return openServer((socket) => {
    let text = "";
    let underWay = 0;
    const seen = (whole: string): SeenRequest => ({
      text: whole,
      write: (bytes) => void socket.write(bytes),
      finish: (bytes, ends) => {
        underWay -= 1;
        if (ends || socket.readableEnded) socket.end(bytes);
        else socket.write(bytes);
      },
    });
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString("latin1");
      for (let whole = wholeRequest(text); whole !== undefined; whole = wholeRequest(text)) {
        text = text.slice(whole.length);
        underWay += 1;
        onRequest(seen(whole));
      }
    });
    socket.on("end", () => void (underWay === 0 && socket.end()));
  });
}

function wholeRequest(text: string): string | undefined {
  const headEnd = text.indexOf("\r\n\r\n");
  if (headEnd === -1) return undefined;
  const length = headEnd + 4 + Number(/^content-length: (\d+)/im.exec(text)?.[1] ?? 0);
  return text.length < length ? undefined : text.slice(0, length);
}

export interface ReadReply {
  status: number;
  headers: Record<string, unknown>;
  body: string;
  trailers: Record<string, unknown>;
  /** Received to its regular end. */
  isComplete: boolean;
  /** The HTTP client's error for an invalid reply. */
  error?: string;
}

/** Parses the bytes with Node's own HTTP client. */
export function readReply(bytes: Buffer, hasEnded: boolean): Promise<ReadReply> {
  const [near, far] = duplexPair();
  const reply: ReadReply = { status: 0, headers: {}, body: "", trailers: {}, isComplete: false };
  return new Promise((resolve) => {
    const sent = request({ createConnection: () => near }, (response) => {
      reply.status = response.statusCode ?? 0;
      reply.headers = response.headers;
      response.setEncoding("utf8").on("data", (piece: string) => (reply.body += piece));
      response.on("error", () => {});
      response.on("close", () => resolve({ ...reply, trailers: response.trailers, isComplete: response.complete }));
    });
    sent.on("error", (error: NodeJS.ErrnoException) => resolve({ ...reply, error: error.code ?? error.message }));
    far.resume();
    far.once("error", () => {});
    sent.end();
    far.write(bytes, () => {
      if (hasEnded) far.end();
      else setImmediate(() => near.destroy());
    });
  });
}
