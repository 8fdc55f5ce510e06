/** An HTTP server whose replies a test defines, byte for byte if needed. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { onTestFinished } from "vitest";

export interface SeenRequest {
  method: string;
  headers: IncomingMessage["headers"];
  body: string;
}

export interface HttpServerUnderTest {
  port: number;
  /** The complete requests that it received. */
  seen: SeenRequest[];
}

export async function openHttpServer(
  reply: (request: SeenRequest, response: ServerResponse) => void,
): Promise<HttpServerUnderTest> {
  const seen: SeenRequest[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("error", () => {});
    response.on("error", () => {});
    request.setEncoding("utf8").on("data", (piece: string) => (body += piece));
    request.on("end", () => {
      const one = { method: request.method ?? "", headers: request.headers, body };
      seen.push(one);
      reply(one, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return { port: address && typeof address === "object" ? address.port : 0, seen };
}

/** Answers a JSON-RPC call with `{"result":{"of":<id>}}`, as JSON. */
export function answerJson({ body }: SeenRequest, response: ServerResponse): void {
  const id = body.startsWith("{") ? (JSON.parse(body).id ?? null) : null;
  const text = JSON.stringify({ jsonrpc: "2.0", id, result: { of: id, text: "grün €" } });
  response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(text) }).end(text);
}

/** Answers with a stream of `events` events with ids and a three-byte character, then ends it. */
export function answerStream(events: number, ends = true): (request: SeenRequest, response: ServerResponse) => void {
  return (_request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(": welcome\n\n");
    for (let at = 1; at <= events; at += 1) {
      response.write(
        `id: ${at}\nevent: message\ndata: {"jsonrpc":"2.0","method":"n","params":{"at":${at},"text":"€"}}\n\n`,
      );
    }
    if (ends) response.end();
  };
}
