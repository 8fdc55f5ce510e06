import { rmSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { temporaryFolder } from "../../../../testing/temporary-folder.ts";
import type { EngineAddress } from "../../../journal/docker-location.ts";

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A server on a socket that answers what a test chooses, as engines of any kind and age do. */
export interface FakeEngine {
  socket: string;
  address: EngineAddress;
  /** The last answer given for a path (by its beginning) counts. */
  answer(path: string, body: unknown, status?: number): void;
  handle(path: string, answer: Answer): void;
  /** As a restart does: connections are cut, the socket is gone and comes back. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

export async function fakeEngine(): Promise<FakeEngine> {
  const socket = join(temporaryFolder(), "docker.sock");
  const answers = new Map<string, Answer>();
  const server = createServer((request, response) => {
    const path = (request.url ?? "").replace(/^\/v[\d.]+/, "");
    const [, answer] = [...answers].findLast(([start]) => path.startsWith(start)) ?? [];
    if (answer !== undefined) return answer(request, response);
    response.writeHead(404, { "content-type": "application/json" }).end(JSON.stringify({ message: "page not found" }));
  });
  const start = () => new Promise<void>((resolve) => server.listen(socket, resolve));
  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
      rmSync(socket, { force: true });
    });
  await start();
  onTestFinished(async () => {
    if (server.listening) await stop();
  });
  return {
    socket,
    address: { host: `unix://${socket}`, namedBy: "test" },
    answer(path, body, status = 200) {
      answers.set(path, (_request, response) => {
        response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
      });
    },
    handle: (path, answer) => void answers.set(path, answer),
    stop,
    start,
  };
}
