/** The proxy as a program. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { request } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { parse } from "yaml";
import { RawClient } from "./testing/raw-client.ts";

interface Program {
  child: ChildProcess;
  /** Resolves with the match once the output matches. */
  prints(pattern: RegExp): Promise<RegExpMatchArray>;
  exited: Promise<number | null>;
}

function start(environment: Record<string, string>): Program {
  const main = fileURLToPath(new URL("./main.ts", import.meta.url));
  const { NODE_COMPILE_CACHE } = process.env;
  const env = { NODE_COMPILE_CACHE, PORT: "0", ...environment };
  const child = spawn(process.execPath, [main], { env, stdio: "pipe" });
  onTestFinished(() => void child.kill("SIGKILL"));
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (piece: string) => {
      text += piece;
      child.emit("printed");
    });
  }
  const prints: Program["prints"] = async (pattern) => {
    for (let match = text.match(pattern); ; match = text.match(pattern)) {
      if (match) return match;
      await once(child, "printed");
    }
  };
  return { child, prints, exited: once(child, "exit").then(([code]) => code as number | null) };
}

test("logs its address, opens its links, and stops on SIGTERM with open connections", async () => {
  const program = start({ LINKS: "a->b=127.0.0.1:0>127.0.0.1:1", SEED: "3" });
  const [, url = ""] = await program.prints(/^fault-proxy listening on (http:\/\/127\.0\.0\.1:\d+)$/m);
  await program.prints(/^fault-proxy seed 3$/m);
  expect(await (await fetch(`${url}/healthz`)).json()).toMatchObject({
    status: "ok",
    diagnostics: { thread_count: expect.any(Number), heapUsedBytes: expect.any(Number) },
  });
  expect(Object.keys((await (await fetch(`${url}/proxies`)).json()) as object)).toEqual(["a->b"]);
  const follower = await RawClient.open(Number(new URL(url).port));
  follower.write("GET /hits/stream HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await follower.receives("200 OK");
  program.child.kill("SIGTERM");
  // The stream ends normally, not by the grace period's timeout.
  await follower.receives("0\r\n\r\n");
  expect(await program.exited).toBe(0);
});

test("serves its API on a socket in the place of a port", async () => {
  const folder = mkdtempSync(join(tmpdir(), "fault-proxy-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const socketPath = join(folder, "api");
  const program = start({ SOCKET: socketPath, LINKS: "a->b=127.0.0.1:0>127.0.0.1:1" });
  await program.prints(/^fault-proxy listening on \S+api$/m);
  const [reply] = await once(
    request({ socketPath, path: "/proxies", headers: { host: "localhost" } }).end(),
    "response",
  );
  expect(Object.keys(JSON.parse(await text(reply)))).toEqual(["a->b"]);
});

test("reports problems of its environment, with exit code 2", async () => {
  const program = start({ PORT: "x", LINKS: "nonsense" });
  await program.prints(/fault-proxy: PORT is "x": expected a whole number/);
  await program.prints(/fault-proxy: LINKS is "nonsense": .* Write for example LINKS=/);
  expect(await program.exited).toBe(2);
});

test("reports a port in use, with exit code 2", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const address = server.address();
  const port = address && typeof address === "object" ? address.port : 0;
  const api = start({ PORT: `${port}` });
  await api.prints(new RegExp(`cannot listen on 127\\.0\\.0\\.1:${port}`));
  expect(await api.exited).toBe(2);
  const link = start({ LINKS: `a=127.0.0.1:${port}>127.0.0.1:1` });
  await link.prints(new RegExp(`127\\.0\\.0\\.1:${port}: bind: address already in use`));
  expect(await link.exited).toBe(2);
});

test("opens a link beyond loopback only if the environment allows it", async () => {
  const LINKS = "a->b=0.0.0.0:0>127.0.0.1:1";
  const refused = start({ LINKS });
  await refused.prints(/0\.0\.0\.0:0: bind: permission denied: .*LISTEN_BEYOND_LOOPBACK=yes/);
  expect(await refused.exited).toBe(2);
  await start({ LINKS, LISTEN_BEYOND_LOOPBACK: "yes" }).prints(/link a->b listens on 0\.0\.0\.0:\d+/);
  const unclear = start({ LISTEN_BEYOND_LOOPBACK: "maybe" });
  await unclear.prints(/LISTEN_BEYOND_LOOPBACK is "maybe": expected one of no, yes/);
});

test("the stack's compose file makes links reachable for other containers, but not when run as processes", async () => {
  const file = fileURLToPath(new URL("../compose.yaml", import.meta.url));
  const { environment, "x-lab": lab } = parse(readFileSync(file, "utf8")).services["fault-proxy"];
  expect(lab.process.environment.LISTEN_BEYOND_LOOPBACK).toBe("no");
  const program = start({
    ...environment,
    PORT: "0",
    LINKS: environment.LINKS.replace(/0\.0\.0\.0:\d+/g, "0.0.0.0:0"),
  });
  await program.prints(/^fault-proxy listening on /m);
  await program.prints(/link mock-slack->gateway listens on 0\.0\.0\.0:\d+/);
});
