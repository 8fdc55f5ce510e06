import { createServer, type IncomingMessage, request } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { onTestFinished } from "vitest";
import { temporaryFolder } from "../../../../testing/temporary-folder.ts";

const SOCKET = "/var/run/docker.sock";

/**
 * The machine's engine as one that grants no container NET_ADMIN, such as a rootless one or one behind a policy: the request
 * succeeds, and the kernel refuses what the container then does. Resolves to its address for DOCKER_HOST.
 */
export async function engineWithoutNetAdmin(): Promise<string> {
  const socket = join(temporaryFolder(), "docker.sock");
  const server = createServer(async (incoming, reply) => {
    const { method, url, headers } = incoming;
    const body = await buffer(incoming);
    const sent = url?.includes("/containers/create") ? withoutRight(body) : body;
    const length = sent.length > 0 ? { "content-length": sent.length } : {};
    const asked = request({ socketPath: SOCKET, method, path: url, headers: { ...headers, ...length } }, (answer) => {
      reply.writeHead(answer.statusCode ?? 502, answer.headers);
      reply.flushHeaders();
      answer.pipe(reply);
      answer.once("error", () => reply.destroy());
    });
    asked.once("error", () => reply.destroy());
    reply.once("close", () => asked.destroy());
    asked.end(sent);
  });
  // An attached container: from then on bytes in both directions.
  server.on("upgrade", (incoming, client, head) => {
    const engine = connect(SOCKET, () => {
      engine.write(headOf(incoming));
      engine.write(head);
      engine.pipe(client).pipe(engine);
    });
    for (const side of [client, engine]) side.on("error", () => {});
    client.once("close", () => engine.destroy());
    engine.once("close", () => client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return `unix://${socket}`;
}

function withoutRight(body: Buffer): Buffer {
  return Buffer.from(body.toString().replace(/,?"NET_ADMIN"/, ""));
}

function headOf({ method, url, rawHeaders }: IncomingMessage): string {
  const headers = rawHeaders.flatMap((name, at) => (at % 2 === 0 ? [`${name}: ${rawHeaders[at + 1]}`] : []));
  return [`${method} ${url} HTTP/1.1`, ...headers, "", ""].join("\r\n");
}
