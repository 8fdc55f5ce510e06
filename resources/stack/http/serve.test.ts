import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { afterEach, describe, expect, test, vi } from "vitest";
import {
  HttpError,
  pathOf,
  type RunningService,
  readBody,
  readJsonObject,
  type ServeOptions,
  sendJson,
  serve,
} from "./serve.ts";

const running: RunningService[] = [];
afterEach(() => Promise.all(running.splice(0).map((service) => service.stop())));

async function start(handle: ServeOptions["handle"], more: Partial<ServeOptions> = {}): Promise<RunningService> {
  const service = await serve({
    name: "test",
    host: "127.0.0.1",
    port: 0,
    allowedHosts: [],
    graceMs: 50,
    handle,
    ...more,
  });
  running.push(service);
  return service;
}

const echo: ServeOptions["handle"] = async (request, response) =>
  sendJson(response, 200, await readJsonObject(request));

describe("answers", () => {
  test("the handler's response, on the port it listens on", async () => {
    const { url, port } = await start((request, response) => sendJson(response, 201, { path: pathOf(request) }));
    expect(url).toBe(`http://127.0.0.1:${port}`);
    const response = await fetch(`${url}/a/b?c=d`);
    expect([response.status, await response.json()]).toEqual([201, { path: "/a/b" }]);
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
  });

  test("a thrown HttpError, with its status, headers and message", async () => {
    const { url } = await start(() => {
      throw new HttpError(405, "Use POST.", { allow: "POST" });
    });
    const response = await fetch(url);
    expect([response.status, response.headers.get("allow"), await response.json()]).toEqual([
      405,
      "POST",
      { error: "Use POST." },
    ]);
  });

  test("any other error, with a 500 that does not disclose the cause, which is logged", async () => {
    const log = vi.spyOn(console, "error").mockImplementation(() => {});
    const { url } = await start(() => {
      throw new Error("secret cause");
    });
    const response = await fetch(`${url}/x`);
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain("secret");
    expect(log.mock.calls[0]?.[0]).toContain("test: GET /x failed: Error: secret cause");
    log.mockRestore();
  });

  test("403 for a Host or an Origin that is not its own", async () => {
    const { port } = await start(echo);
    expect(await statusWith(port, { host: "evil.example" })).toBe(403);
    expect(await statusWith(port, { origin: "http://evil.example" })).toBe(403);
    expect(await statusWith(port, { origin: "http://localhost:1" })).toBe(200);
  });

  test.each(["//", "http://[/", "/%", "*"])("the request target %s without failing", async (target) => {
    const { port } = await start((request, response) => sendJson(response, 200, pathOf(request)));
    expect(await statusWith(port, {}, target)).toBe(200);
  });
});

describe("bodies", () => {
  test("must be JSON objects where one is expected", async () => {
    const { url } = await start(echo);
    const post = async (body: string) => (await fetch(url, { method: "POST", body })).status;
    expect([await post('{"a":1}'), await post(""), await post("{"), await post("[1]"), await post("null")]).toEqual([
      200, 200, 400, 400, 400,
    ]);
  });

  test("are refused beyond the limit, declared or not", async () => {
    const { url } = await start(async (request, response) => {
      sendJson(response, 200, (await readBody(request, 10)).length);
    });
    const streamed = new ReadableStream({
      start(controller) {
        for (let part = 0; part < 5; part += 1) controller.enqueue(new TextEncoder().encode("12345"));
        controller.close();
      },
    });
    const post = (body: RequestInit["body"]) =>
      fetch(url, { method: "POST", body: body ?? null, duplex: "half" } as RequestInit);
    expect((await post("1234567890")).status).toBe(200);
    expect((await post("12345678901")).status).toBe(413);
    expect((await post(streamed)).status).toBe(413);
  });

  test("that are cut off do not affect other requests", async () => {
    const { port, url } = await start(echo);
    const socket = connect(port, "127.0.0.1");
    socket.write("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nabc");
    await once(socket, "connect");
    socket.resetAndDestroy();
    await once(socket, "close");
    expect((await fetch(url, { method: "POST", body: "{}" })).status).toBe(200);
  });
});

describe("starting and stopping", () => {
  test("a port in use is an error that names it and the next step", async () => {
    const { port } = await start(echo);
    await expect(start(echo, { port })).rejects.toThrow(
      `cannot listen on 127.0.0.1:${port}: the port is taken by another program. Stop that program, or set PORT to a free port.`,
    );
  });

  test("an address of another machine is an error that names the cause", async () => {
    await expect(start(echo, { host: "192.0.2.1" })).rejects.toThrow("Set HOST to one of its own");
  });

  test("a pending request is answered, then the connection closes", async () => {
    const reached = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    const service = await start(
      async (_request, response) => {
        reached.resolve();
        await release.promise;
        sendJson(response, 200, {});
      },
      { graceMs: 60_000 },
    );
    const answer = fetch(service.url);
    await reached.promise;
    const stopped = service.stop();
    release.resolve();
    expect((await answer).status).toBe(200);
    await stopped;
    await expect(fetch(service.url)).rejects.toThrow();
  });

  test("a request that never ends is cut after the grace period, also when onStop hangs or fails", async () => {
    const log = vi.spyOn(console, "error").mockImplementation(() => {});
    for (const onStop of [() => new Promise<void>(() => {}), () => Promise.reject(new Error("no"))]) {
      const reached = Promise.withResolvers<void>();
      const service = await start(() => reached.resolve(), { onStop });
      const answer = fetch(service.url).then(
        () => "answered",
        () => "cut",
      );
      await reached.promise;
      await Promise.all([service.stop(), service.stop()]);
      expect(await answer).toBe("cut");
    }
    log.mockRestore();
  });
});

function statusWith(port: number, headers: Record<string, string>, path = "/"): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: "127.0.0.1", port, path, headers, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    request.on("error", reject);
    request.end();
  });
}
