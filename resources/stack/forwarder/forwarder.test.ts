/** The forwarder as a program, in front of real servers. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { freePort } from "../http/testing/free-port.ts";
import { CERTIFICATE, KEY } from "./testing/certificate.ts";

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

async function listen(server: Server): Promise<number> {
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/** Resolves to the address that the program prints, or to what it prints at its end. */
async function forwarderTo(upstream: string, environment: Record<string, string> = {}) {
  const main = fileURLToPath(new URL("./main.ts", import.meta.url));
  const env = { PORT: "0", UPSTREAM: upstream, ...environment };
  const child: ChildProcess = spawn(process.execPath, [main], { env, stdio: "pipe" });
  onTestFinished(() => void child.kill("SIGKILL"));
  const found = Promise.withResolvers<string>();
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (piece: string) => {
      printed += piece;
      const url = /listening on (http:\S+)/.exec(printed)?.[1];
      if (url !== undefined) found.resolve(url);
    });
  }
  child.once("close", () => found.resolve(printed));
  return found.promise;
}

/** With its own idea of the target, which fetch() does not allow. */
async function ask(url: string, path: string, headers: Record<string, string> = {}) {
  const { hostname, port } = new URL(url);
  const outgoing = request({ hostname, port, path, headers, agent: false }).end();
  const [reply] = (await once(outgoing, "response")) as [IncomingMessage];
  return { status: reply.statusCode, body: await text(reply) };
}

test("a request arrives with its path, body and headers as if it had been sent there, and the reply as it was given", async () => {
  const seen: { method?: string; url?: string; headers: IncomingMessage["headers"]; body: string }[] = [];
  const answer: Handler = async (incoming, response) => {
    const { method = "", url = "", headers } = incoming;
    seen.push({ method, url, headers, body: await text(incoming) });
    response.writeHead(401, { "www-authenticate": "Bearer", "set-cookie": ["a=1", "b=2"] }).end("who are you?");
  };
  const port = await listen(createServer(answer));
  const url = await forwarderTo(`http://localhost:${port}/mcp`);
  const reply = await fetch(`${url}/team/mcp?x=1`, {
    method: "POST",
    headers: { authorization: "Bearer t", origin: url },
    body: "{}",
  });
  expect(seen).toMatchObject([
    {
      method: "POST",
      url: "/team/mcp?x=1",
      headers: { host: `localhost:${port}`, authorization: "Bearer t" },
      body: "{}",
    },
  ]);
  // Of this machine's address, which a server elsewhere would refuse; compressed, the link's proxy could not read it.
  expect(seen[0]?.headers).not.toHaveProperty("origin");
  expect(seen[0]?.headers["accept-encoding"]).toBe("identity");
  expect([reply.status, reply.headers.get("www-authenticate"), reply.headers.getSetCookie()]).toEqual([
    401,
    "Bearer",
    ["a=1", "b=2"],
  ]);
  expect(await reply.text()).toBe("who are you?");
});

test("a stream passes as it comes, and each side's end reaches the other", async () => {
  const streams: ServerResponse[] = [];
  const opened = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<void>();
  const port = await listen(
    createServer((incoming, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders();
      streams.push(response);
      incoming.once("close", () => streams.length === 1 && closed.resolve());
      opened.resolve();
    }),
  );
  const url = await forwarderTo(`http://127.0.0.1:${port}`);
  // Its head comes before the first byte of its body.
  const leaving = new AbortController();
  const first = await fetch(url, { signal: leaving.signal });
  await opened.promise;
  const reader = first.body?.getReader();
  streams[0]?.write("data: 1\n\n");
  expect(new TextDecoder().decode((await reader?.read())?.value)).toBe("data: 1\n\n");
  leaving.abort();
  await closed.promise;

  const second = await fetch(url);
  streams[1]?.write("data: 2\n\n");
  streams[1]?.destroy();
  await expect(second.text()).rejects.toThrow();
});

test("over TLS the server's certificate is checked", async () => {
  const port = await listen(createSecureServer({ key: KEY, cert: CERTIFICATE }, (_, response) => response.end("safe")));
  const folder = mkdtempSync(join(tmpdir(), "forwarder-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "certificate.pem");
  writeFileSync(file, CERTIFICATE);
  const trusting = await forwarderTo(`https://localhost:${port}`, { NODE_EXTRA_CA_CERTS: file });
  expect(await (await fetch(trusting)).text()).toBe("safe");
  const reply = await fetch(await forwarderTo(`https://localhost:${port}`));
  expect([reply.status, await reply.json()]).toEqual([
    502,
    {
      jsonrpc: "2.0",
      id: null,
      error: { code: -32_000, message: expect.stringContaining("cannot be reached: self-signed certificate") },
    },
  ]);
});

test("a server that cannot be reached is named with the cause; a browser's foreign page and other targets are refused", async () => {
  const port = await freePort();
  const url = await forwarderTo(`http://127.0.0.1:${port}`);
  const { status, body } = await ask(url, "/mcp");
  expect([status, body]).toEqual([
    502,
    expect.stringContaining(`http://127.0.0.1:${port} cannot be reached: connect ECONNREFUSED`),
  ]);
  expect((await ask(url, "/mcp", { host: "rebound.example" })).status).toBe(403);
  expect((await ask(url, "/mcp", { origin: "https://elsewhere.example" })).status).toBe(403);
  expect((await ask(url, "http://elsewhere.example/")).status).toBe(400);
  // Begins with a slash, and names no other server either.
  expect((await ask(url, "//elsewhere.example/")).body).toContain(`127.0.0.1:${port} cannot be reached`);
});

test("without a usable address it says what is expected", async () => {
  expect(await forwarderTo("ftp://x")).toContain('UPSTREAM is "ftp://x": expected an http or https URL');
});
