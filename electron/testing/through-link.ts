import { request } from "node:http";

/** What became of one request over a connection of its own. */
export interface Exchange {
  status: number;
  body: string;
}

/** Sends one request. @throws the socket's error, or one of its own when nothing came within `limitMs` */
export function send(url: string, body?: unknown, limitMs = 10_000): Promise<Exchange> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method: body === undefined ? "GET" : "POST", agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.once("error", reject);
      response.once("end", () => {
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() });
      });
    });
    outgoing.setTimeout(limitMs, () => outgoing.destroy(new Error("silent")));
    outgoing.setHeader("content-type", "application/json");
    outgoing.once("error", reject);
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** A JSON-RPC call of a tool, as the fault proxy recognises it. */
export function toolCall(tool: string): object {
  return { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: tool, arguments: {} } };
}
