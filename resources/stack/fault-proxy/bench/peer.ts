/**
 * One peer of a measurement, in its own process: an upstream, one of the two baselines, or the fault proxy. Arguments: its
 * role and its upstream's port. Sends its port, and later its event loop delay, over the IPC channel to the parent.
 */
import { Agent, createServer as createHttpServer, request as httpRequest } from "node:http";
import { connect, createServer, type Server } from "node:net";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { Readable } from "node:stream";
import { startFaultProxy } from "../start.ts";

/** What `tcp` sends for each message that begins with `B`. */
const bulk = Buffer.alloc(64 * 1024, "b");
const [, , role = "", upstreamPort = "0"] = process.argv;
const upstream = { port: Number(upstreamPort), host: "127.0.0.1" };

/** `B<bytes>\n` is answered with that many bytes and the end; `S` is never answered; anything else is echoed. */
function tcpUpstream(): Server {
  return createServer({ noDelay: true }, (socket) => {
    socket.on("error", () => {});
    socket.once("data", (first: Buffer) => {
      if (first[0] === 0x42) sendBulk(Number(first.toString("latin1", 1)));
      else if (first[0] === 0x53) socket.resume();
      else {
        socket.write(first);
        socket.pipe(socket);
      }
    });
    const sendBulk = (bytes: number): void => {
      let left = bytes;
      const more = (): void => {
        while (left > 0) {
          const piece = bulk.subarray(0, Math.min(left, bulk.length));
          left -= piece.length;
          if (!socket.write(piece)) return void socket.once("drain", more);
        }
        socket.end();
      };
      more();
    };
  });
}

/** A minimal byte proxy in Node. */
function barePipe(): Server {
  return createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const server = connect({ ...upstream, allowHalfOpen: true, noDelay: true });
    client.on("error", () => server.destroy());
    server.on("error", () => client.destroy());
    client.pipe(server);
    server.pipe(client);
  });
}

/** `GET /<bytes>` is answered with that many bytes; anything else with a tool's short result. */
function httpUpstream(): Server {
  return createHttpServer((request, response) => {
    const bytes = Number(request.url?.slice(1));
    if (request.method === "GET" && bytes > 0) {
      response.writeHead(200, { "content-type": "application/json", "content-length": bytes });
      Readable.from(pieces(bytes)).pipe(response);
      return;
    }
    request.resume().on("end", () => {
      const body = '{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"paid"}]}}';
      response.writeHead(200, { "content-type": "application/json", "content-length": body.length }).end(body);
    });
  });
}

function* pieces(bytes: number): Generator<Buffer> {
  for (let left = bytes; left > 0; left -= bulk.length) yield bulk.subarray(0, Math.min(left, bulk.length));
}

/** A minimal request forwarder with node:http. */
function bareHttp(): Server {
  const agent = new Agent({ keepAlive: true });
  return createHttpServer((request, response) => {
    const { method, url, headers } = request;
    const forwarded = httpRequest({ ...upstream, method, path: url, headers, agent }, (reply) => {
      response.writeHead(reply.statusCode ?? 502, reply.headers);
      reply.pipe(response);
    });
    forwarded.on("error", () => response.destroy());
    request.pipe(forwarded);
  });
}

function listen(server: Server): void {
  server.listen(0, "127.0.0.1", () => {
    const address = server.address();
    process.send?.({ port: address && typeof address === "object" ? address.port : 0 });
  });
}

async function faultProxy(): Promise<void> {
  console.log = () => {};
  const service = await startFaultProxy({
    host: "127.0.0.1",
    port: 0,
    allowedHosts: [],
    controlToken: undefined,
    seed: 1,
    listenBeyondLoopback: false,
    links: [
      {
        name: "link",
        listen: "127.0.0.1:0",
        upstream: `127.0.0.1:${upstream.port}`,
        enabled: true,
        toxics: undefined,
      },
    ],
  });
  const shown = (await (await fetch(`${service.url}/proxies/link`)).json()) as { listen: string };
  process.send?.({ port: Number(shown.listen.split(":").at(-1)), apiUrl: service.url });
}

/** Reads the exchanges of the proxy whose API has this port, as the lab does, and reports how many were recorded and dropped. */
async function wireListener(): Promise<void> {
  const counts = { recorded: 0, dropped: 0 };
  process.on("message", (message) => message === "counts" && process.send?.(counts));
  const reply = await fetch(`http://127.0.0.1:${upstream.port}/wire/stream`);
  process.send?.({ port: 0 });
  let rest = "";
  for await (const piece of reply.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    const lines = `${rest}${piece}`.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const { dropped, seq } = JSON.parse(line) as { dropped?: number; seq?: number };
      if (seq !== undefined) counts.recorded += 1;
      counts.dropped += dropped ?? 0;
    }
  }
}

const delay = monitorEventLoopDelay({ resolution: 1 });
process.on("message", (message) => {
  if (message === "watchLoop") {
    delay.reset();
    delay.enable();
  } else if (message === "loopDelay") {
    delay.disable();
    process.send?.({ loopP99Ms: delay.percentile(99) / 1e6 });
  }
});
process.on("disconnect", () => process.exit(0));

const baselines: Readonly<Record<string, () => Server>> = { tcpUpstream, barePipe, httpUpstream, bareHttp };
const baseline = baselines[role];
if (baseline) listen(baseline());
else if (role === "wireListener") await wireListener();
else await faultProxy();
