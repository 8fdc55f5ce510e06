/** The parts of a fuzz run: seeded cases, a stack as their target, and health checks of the proxy. */
import { createServer, type Server } from "node:http";
import { connect } from "node:net";
import type { RunningService } from "../../http/serve.ts";
import { mulberry32 } from "../randomness.ts";
import { startFaultProxy } from "../start.ts";

/** A case that the proxy did not survive. The message contains the seed and the case, to reproduce it. */
export class FuzzFailure extends Error {
  override readonly name = "FuzzFailure";
}

export class Chance {
  readonly next: () => number;

  constructor(seed: number) {
    this.next = mulberry32(seed);
  }

  below(count: number): number {
    return Math.floor(this.next() * count);
  }

  pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)] as T;
  }

  happens(probability: number): boolean {
    return this.next() < probability;
  }
}

export interface FuzzStack {
  service: RunningService;
  apiUrl: string;
  linkPort: number;
  /** Fails if the proxy no longer answers, or no longer passes a request through a link without toxics. */
  checkWell(): Promise<void>;
  close(): Promise<void>;
}

const stuckMs = 5_000;

/** Rejects if the promise takes so long that it must be stuck. */
export async function notStuck<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new FuzzFailure(`${what} is stuck`)), stuckMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

export async function openStack(seed: number): Promise<FuzzStack> {
  const upstream = await openUpstream();
  const address = upstream.address();
  const upstreamPort = address && typeof address === "object" ? address.port : 0;
  const upstreamAddress = `127.0.0.1:${upstreamPort}`;
  const link = { name: "link", listen: "127.0.0.1:0", upstream: upstreamAddress, enabled: true, toxics: undefined };
  const service = await startFaultProxy({
    host: "127.0.0.1",
    port: 0,
    allowedHosts: [],
    controlToken: undefined,
    seed,
    listenBeyondLoopback: false,
    links: [link],
  });
  const shown = (await (await fetch(`${service.url}/proxies/link`)).json()) as { listen: string };
  const linkPort = Number(shown.listen.split(":").at(-1));
  const checkWell = async (): Promise<void> => {
    const put = [{ ...link, listen: `127.0.0.1:${linkPort}` }];
    const asked = { method: "POST", body: JSON.stringify(put) };
    const populated = await fetch(`${service.url}/populate`, asked);
    const reset = await fetch(`${service.url}/reset`, { method: "POST" });
    const passed = await exchange(linkPort, [
      Buffer.from("GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
    ]);
    if (populated.status !== 201 || reset.status !== 204 || !passed.toString().includes("200 OK")) {
      throw new FuzzFailure(
        `the proxy is unhealthy: ${populated.status} ${reset.status} ${passed.toString().slice(0, 80)}`,
      );
    }
    await populated.body?.cancel();
  };
  return {
    service,
    apiUrl: service.url,
    linkPort,
    checkWell: () => notStuck(checkWell(), "the proxy's check"),
    close: async () => {
      upstream.closeAllConnections();
      upstream.close();
      await service.stop();
    },
  };
}

/** Sends the pieces one by one and reads until the connection ends or stays silent. */
export function exchange(port: number, pieces: readonly Buffer[], silenceMs = stuckMs - 1_000): Promise<Buffer> {
  return new Promise((resolve) => {
    const received: Buffer[] = [];
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    socket.setTimeout(silenceMs, () => socket.destroy());
    socket.on("data", (chunk: Buffer) => void received.push(chunk));
    socket.on("error", () => {});
    socket.on("close", () => resolve(Buffer.concat(received)));
    socket.on("connect", () => {
      let at = 0;
      const send = (): void => {
        const piece = pieces[at];
        at += 1;
        if (piece && socket.writable) socket.write(piece, () => setImmediate(send));
      };
      send();
    });
  });
}

function openUpstream(): Promise<Server> {
  const server = createServer((request, response) => {
    request.on("error", () => {}).resume();
    response.on("error", () => {});
    const isStream = request.headers.accept?.includes("event-stream") ?? false;
    const reply = '{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"a","description":"grün"}]}}';
    response.setHeader("content-type", isStream ? "text/event-stream" : "application/json");
    response.setHeader("mcp-session-id", "s");
    if (isStream) response.write(`id: 1\ndata: ${reply}\n\n: comment\n\nid: 2\ndata: ${reply}\n\n`);
    response.end(isStream ? "id: 3\ndata: end" : reply);
  });
  server.on("clientError", (_error, socket) => void socket.destroy());
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}
