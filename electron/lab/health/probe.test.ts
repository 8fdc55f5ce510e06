import { createServer, type RequestListener, type Server } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Socket } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { freePort } from "../../../resources/stack/http/testing/free-port.ts";
import { type AskedProbe, makeProbe } from "./probe.ts";
import { PROBE_LIMIT_MS } from "./probe-method.ts";

const never = new AbortController().signal;

async function serve(handle: RequestListener, wanted?: number) {
  const port = wanted ?? (await freePort());
  const server = createServer({ keepAliveTimeout: 60_000 }, handle);
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  onTestFinished(() => close(server));
  return { server, port, address: `127.0.0.1:${port}` };
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

function probe(spec: AskedProbe, address: string) {
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

async function check(spec: AskedProbe, handle: RequestListener) {
  const { address } = await serve(handle);
  return probe(spec, address).check(never);
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
    const result = await check({ http: "/health" }, answer(status, body));
    expect(result).toMatchObject({ status: health, reason });
    expect(result.latencyMs).toBeGreaterThan(0);
  });

  test("asks for its path", async () => {
    const seen: (string | undefined)[] = [];
    await check({ http: "/health?deep=1" }, (request, response) => {
      seen.push(`${request.method} ${request.url}`);
      response.end();
    });
    expect(seen).toEqual(["GET /health?deep=1"]);
  });

  test("no server is down, with the system's error", async () => {
    const { server, address } = await serve(answer(200));
    await close(server);
    expect(await probe({ http: "/" }, address).check(never)).toMatchObject({
      status: "down",
      reason: expect.stringContaining("ECONNREFUSED"),
    });
  });

  test.each<[string, RequestListener]>([
    ["that never answers", () => {}],
    ["that starts an answer and never ends it", (_request, response) => void response.write("{")],
  ])("a server %s is down after the time limit", async (_what, handle) => {
    const result = await check({ http: "/" }, handle);
    expect(result).toMatchObject({ status: "down", reason: `no answer within ${PROBE_LIMIT_MS} ms` });
  });

  test("an answer that is cut off or too long is down", async () => {
    const cut: RequestListener = (request, response) => {
      response.writeHead(200, { "content-length": "100" });
      response.write("half", () => request.socket.destroy());
    };
    expect(await check({ http: "/" }, cut)).toMatchObject({ status: "down" });
    expect(await check({ http: "/" }, answer(200, "x".repeat(300_000)))).toMatchObject({
      status: "down",
      reason: "answers with more than 256 KiB",
    });
  });

  test("keeps its connection between checks", async () => {
    const sockets = new Set<Socket>();
    const { address } = await serve((request, response) => {
      sockets.add(request.socket);
      response.end("{}");
    });
    const one = probe({ http: "/" }, address);
    for (let at = 0; at < 5; at++) expect((await one.check(never)).status).toBe("up");
    expect(sockets.size).toBe(1);
  });

  test("reports a server that was restarted on the same port as up at once, although its kept connection was closed", async () => {
    const first = await serve(answer(200));
    const one = probe({ http: "/" }, first.address);
    for (let at = 0; at < 5; at++) {
      expect((await one.check(never)).status).toBe("up");
      await close(first.server);
      const next = await serve(answer(200), first.port);
      first.server = next.server;
    }
  });

  test("ends at once when the lab stops checking", async () => {
    const { address } = await serve(() => {});
    const stop = new AbortController();
    const checking = probe({ http: "/" }, address).check(stop.signal);
    stop.abort(new Error("no more"));
    expect(await checking).toMatchObject({ status: "down", reason: expect.stringContaining("no more") });
  });
});

describe("a TCP probe", () => {
  test("only opens a connection, and closes it", async () => {
    const closed = Promise.withResolvers<void>();
    const server = createTcpServer((socket) => socket.resume().once("close", () => closed.resolve()));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    expect(await probe({ tcp: true }, address).check(never)).toMatchObject({
      status: "up",
      reason: "accepts connections",
    });
    await closed.promise;
  });

  test("no server is down", async () => {
    const { server, address } = await serve(answer(200));
    await close(server);
    expect(await probe({ tcp: true }, address).check(never)).toMatchObject({ status: "down" });
  });
});

describe("a postgres probe", () => {
  const spec = { postgres: "postgres://lab:lab@{address}/audit" };

  test("no server, or one that sends nothing, is down, and is tried again at the next check", async () => {
    const { server, address } = await serve(answer(200));
    const one = probe(spec, address);
    expect(await one.check(never)).toMatchObject({ status: "down" });
    await close(server);
    expect(await one.check(never)).toMatchObject({ status: "down", reason: expect.stringContaining("ECONNREFUSED") });
    const silent = createTcpServer(() => {});
    await new Promise<void>((resolve) => silent.listen(Number(address.split(":")[1]), "127.0.0.1", resolve));
    onTestFinished(() => void silent.close());
    expect(await one.check(never)).toMatchObject({ status: "down", reason: `no answer within ${PROBE_LIMIT_MS} ms` });
  });
});

test("a probe of a database that is frozen while idle is closed without it", async () => {
  const message = (type: string, body: Buffer) => {
    const length = Buffer.alloc(4);
    length.writeInt32BE(body.length + 4);
    return Buffer.concat([Buffer.from(type), length, body]);
  };
  const ready = message("Z", Buffer.from("I"));
  const server = createTcpServer({ allowHalfOpen: true }, (socket) => {
    socket.once("data", () => {
      socket.write(Buffer.concat([message("R", Buffer.alloc(4)), ready]));
      // After its first answer it reads and says nothing, and keeps the connection.
      socket.once("data", () => socket.write(Buffer.concat([message("C", Buffer.from("SELECT 1\0")), ready])));
    });
    socket.on("error", () => {});
    onTestFinished(() => void socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const made = makeProbe({ postgres: "postgres://user:word@{address}/audit" }, `127.0.0.1:${port}`);
  expect(await made.check(never)).toMatchObject({ status: "up" });
  await made.close();
});
