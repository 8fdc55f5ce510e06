/** A fault proxy on free ports with one link, and the clients that tests need. */
import { createServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";
import { freePort } from "../../http/testing/free-port.ts";
import type { Hit } from "../hits.ts";
import type { Settings } from "../settings.ts";
import { startFaultProxy } from "../start.ts";

export const linkName = "client->server";
const linkPath = `/proxies/${encodeURIComponent(linkName)}`;

export interface ApiReply {
  status: number;
  headers: Headers;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests read arbitrary JSON replies
  json: any;
}

export interface ProxyUnderTest {
  apiUrl: string;
  /** Port of the link. */
  port: number;
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<ApiReply>;
  /** Arms a toxic on the link; throws if it is refused. */
  arm(toxic: Record<string, unknown>): Promise<void>;
  disarm(name: string): Promise<void>;
  update(name: string, change: Record<string, unknown>): Promise<void>;
  hits(): Promise<Hit[]>;
}

/** Stopped after the test. */
export async function openProxy(upstreamPort: number, seed = 1, listenBeyondLoopback = false): Promise<ProxyUnderTest> {
  const upstream = `127.0.0.1:${upstreamPort}`;
  const link = { name: linkName, listen: `127.0.0.1:${await freePort()}`, upstream, enabled: true, toxics: undefined };
  const settings: Settings = {
    host: "127.0.0.1",
    port: 0,
    allowedHosts: [],
    controlToken: undefined,
    seed,
    listenBeyondLoopback,
    links: [link],
  };
  const service = await startFaultProxy(settings);
  onTestFinished(() => service.stop());
  const call: ProxyUnderTest["call"] = async (method, path, body, headers = {}) => {
    const sent = typeof body === "string" || body === undefined ? body : JSON.stringify(body);
    const reply = await fetch(service.url + path, { method, headers, ...(sent !== undefined && { body: sent }) });
    const text = await reply.text();
    return { status: reply.status, headers: reply.headers, text, json: parse(text) };
  };
  const ok = async (method: string, path: string, body?: unknown): Promise<ApiReply> => {
    const reply = await call(method, path, body);
    if (reply.status >= 300) throw new Error(`${method} ${path}: ${reply.status} ${reply.text}`);
    return reply;
  };
  const shown = await ok("GET", linkPath);
  return {
    apiUrl: service.url,
    port: Number(shown.json.listen.split(":").at(-1)),
    call,
    arm: async (toxic) => void (await ok("POST", `${linkPath}/toxics`, toxic)),
    disarm: async (name) => void (await ok("DELETE", `${linkPath}/toxics/${name}`)),
    update: async (name, change) => void (await ok("POST", `${linkPath}/toxics/${name}`, change)),
    hits: async () => (await ok("GET", "/hits")).json.hits,
  };
}

/** A TCP server on a free port; its sockets are destroyed after the test. */
export async function openServer(onSocket: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    onSocket(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  return address && typeof address === "object" ? address.port : 0;
}

export const echo = (socket: Socket): void => void socket.pipe(socket);

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
