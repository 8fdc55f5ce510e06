/** An embeddings endpoint in OpenAI's shape, whose vectors a test defines, and which can be stopped and started again. */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { freePort } from "../../http/testing/free-port.ts";

export interface EmbeddingServer {
  url: string;
  /** The texts of each request. */
  requests: string[][];
  down: () => Promise<void>;
  up: () => Promise<void>;
}

export async function startEmbeddings(vectorOf: (text: string) => number[]): Promise<EmbeddingServer> {
  const requests: string[][] = [];
  let server: Server | undefined;
  const port = await freePort();
  const up = async () => {
    server = createServer(async (request, response) => {
      let body = "";
      for await (const chunk of request) body += chunk;
      const { input } = JSON.parse(body) as { input: string[] };
      requests.push(input);
      const data = input.map((text, index) => ({ index, embedding: vectorOf(text) })).reverse();
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ data }));
    });
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
  };
  const down = async () => {
    if (!server?.listening) return;
    server.close();
    server.closeAllConnections();
    await once(server, "close");
  };
  await up();
  return { url: `http://127.0.0.1:${port}/v1/embeddings`, requests, down, up };
}
