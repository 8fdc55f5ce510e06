import { createServer, type RequestListener, type Server } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Socket } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { makeProbe, PROBE_LIMIT_MS } from "./probe.ts";
import type { ProbeSpec } from "./probe-spec.ts";

const never = new AbortController().signal;

async function serve(handle: RequestListener, port = 0): Promise<{ server: Server; port: number; address: string }> {
  const server = createServer({ keepAliveTimeout: 60_000 }, handle);
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  onTestFinished(() => close(server));
  const chosen = (server.address() as AddressInfo).port;
  return { server, port: chosen, address: `127.0.0.1:${chosen}` };
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

function probe(spec: ProbeSpec, address: string) {
  const made = makeProbe(spec, address);
  onTestFinished(() => made.close());
  return made;
}

const answer =
  (status: number, body = "", headers: Record<string, string> = {}): RequestListener =>
  (request, response) => {
    request.resume();
    response.writeHead(status, headers).end(body);
  };

async function look(spec: ProbeSpec, handle: RequestListener) {
  const { address } = await serve(handle);
  return probe(spec, address).look(never);
}

describe("an HTTP probe", () => {
  test.each<[number, string, string, string]>([
    [200, "", "up", "answers HTTP 200"],
    [204, "", "up", "answers HTTP 204"],
    [200, "<html>", "up", "answers HTTP 200"],
    [200, "null", "up", "answers HTTP 200"],
    [200, '{"status":"ok"}', "up", "answers HTTP 200"],
    [200, '{"status":"degraded"}', "degraded", "says that it is degraded"],
    [200, '{"status":"degraded","reasons":["no database","2 rows wait"]}', "degraded", "no database; 2 rows wait"],
    [200, '{"status":"degraded","reasons":"odd"}', "degraded", "says that it is degraded"],
    [302, "", "degraded", "answers HTTP 302"],
    [404, "", "degraded", "answers HTTP 404"],
    [503, '{"status":"ok"}', "degraded", "answers HTTP 503"],
  ])("HTTP %d with %j is %s: %s", async (status, body, health, reason) => {
    const result = await look({ http: "/health" }, answer(status, body));
    expect(result).toMatchObject({ status: health, reason });
    expect(result.latencyMs).toBeGreaterThan(0);
  });

  test("asks for its path", async () => {
    const seen: (string | undefined)[] = [];
    await look({ http: "/health?deep=1" }, (request, response) => {
      seen.push(`${request.method} ${request.url}`);
      response.end();
    });
    expect(seen).toEqual(["GET /health?deep=1"]);
  });

  test("nobody there is down, with what the system says", async () => {
    const { server, address } = await serve(answer(200));
    await close(server);
    expect(await probe({ http: "/" }, address).look(never)).toMatchObject({
      status: "down",
      reason: expect.stringContaining("ECONNREFUSED"),
    });
  });

  test.each<[string, RequestListener]>([
    ["that never answers", () => {}],
    ["that begins an answer and never ends it", (_request, response) => void response.write("{")],
  ])("a server %s is down after the limit, not later", async (_what, handle) => {
    const result = await look({ http: "/" }, handle);
    expect(result).toMatchObject({ status: "down", reason: `no answer within ${PROBE_LIMIT_MS} ms` });
  });

  test("an answer cut off is down, and so is one that is far too long", async () => {
    const cut: RequestListener = (request, response) => {
      response.writeHead(200, { "content-length": "100" });
      response.write("half", () => request.socket.destroy());
    };
    expect(await look({ http: "/" }, cut)).toMatchObject({ status: "down" });
    expect(await look({ http: "/" }, answer(200, "x".repeat(300_000)))).toMatchObject({
      status: "down",
      reason: "answers with more than 256 KiB",
    });
  });

  test("keeps its connection from look to look", async () => {
    const sockets = new Set<Socket>();
    const { address } = await serve((request, response) => {
      sockets.add(request.socket);
      response.end("{}");
    });
    const one = probe({ http: "/" }, address);
    for (let at = 0; at < 5; at++) expect((await one.look(never)).status).toBe("up");
    expect(sockets.size).toBe(1);
  });

  test("sees a server that was restarted on the same port as up at once: a kept connection that died is no illness", async () => {
    const first = await serve(answer(200));
    const one = probe({ http: "/" }, first.address);
    for (let at = 0; at < 5; at++) {
      expect((await one.look(never)).status).toBe("up");
      await close(first.server);
      const next = await serve(answer(200), first.port);
      first.server = next.server;
    }
  });

  test("ends at once when the lab stops looking", async () => {
    const { address } = await serve(() => {});
    const stop = new AbortController();
    const looking = probe({ http: "/" }, address).look(stop.signal);
    stop.abort(new Error("no more"));
    expect(await looking).toMatchObject({ status: "down", reason: expect.stringContaining("no more") });
  });
});

describe("a TCP probe", () => {
  test("is content with a connection, and gives it back", async () => {
    const closed = Promise.withResolvers<void>();
    const server = createTcpServer((socket) => socket.resume().once("close", () => closed.resolve()));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    expect(await probe({ tcp: true }, address).look(never)).toMatchObject({
      status: "up",
      reason: "accepts connections",
    });
    await closed.promise;
  });

  test("nobody there is down", async () => {
    const { server, address } = await serve(answer(200));
    await close(server);
    expect(await probe({ tcp: true }, address).look(never)).toMatchObject({ status: "down" });
  });
});

describe("a postgres probe", () => {
  const spec = { postgres: "postgres://lab:lab@{address}/audit" };

  test("nobody there, or somebody who says nothing, is down; and it tries again the next time", async () => {
    const { server, address } = await serve(answer(200));
    const one = probe(spec, address);
    expect(await one.look(never)).toMatchObject({ status: "down" });
    await close(server);
    expect(await one.look(never)).toMatchObject({ status: "down", reason: expect.stringContaining("ECONNREFUSED") });
    const silent = createTcpServer(() => {});
    await new Promise<void>((resolve) => silent.listen(Number(address.split(":")[1]), "127.0.0.1", resolve));
    onTestFinished(() => void silent.close());
    expect(await one.look(never)).toMatchObject({ status: "down", reason: `no answer within ${PROBE_LIMIT_MS} ms` });
  });
});
