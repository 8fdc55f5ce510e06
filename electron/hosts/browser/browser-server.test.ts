import { mkdirSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { DiagnosticsDesk } from "../../lab/service/diagnostics.ts";
import { EngineService } from "../../lab/service/engine-service.ts";
import { labRouter } from "../../lab/service/router.ts";
import { lastingFolder } from "../../testing/lasting-folder.ts";
import { BROWSER_HOST } from "../browser.ts";
import { FileDesk } from "../files/file-desk.ts";
import { PageFiles } from "../page/page-files.ts";
import { browserFiles } from "./browser-files.ts";
import { BrowserServer } from "./browser-server.ts";

const UPLOAD_LIMIT_BYTES = 10_000;

const home = lastingFolder();
let server: BrowserServer;
let service: EngineService;
const files = new FileDesk(UPLOAD_LIMIT_BYTES);
const addresses: string[] = [];

beforeAll(async () => {
  mkdirSync(join(home, "page", "assets"), { recursive: true });
  writeFileSync(join(home, "page", "index.html"), '<meta name="csp-nonce" content="__CSP_NONCE__">');
  writeFileSync(join(home, "page", "assets", "main.js"), "1");
  writeFileSync(join(home, "secret.txt"), "secret");
  service = await EngineService.start({ ...process.env, RESILIENCE_LAB_HOME: join(home, "data") });
  const diagnostics = new DiagnosticsDesk(service);
  const router = labRouter({ service, diagnostics, host: BROWSER_HOST, files: browserFiles(files) });
  const page = new PageFiles(join(home, "page"));
  server = await BrowserServer.listen({
    router,
    page,
    files,
    port: 0,
    onAddress: (address) => addresses.push(address),
  });
});
afterAll(async () => {
  await server.close();
  files.close();
  await service.close();
});

interface Answer {
  status: number;
  body: string;
  headers: Record<string, string | string[] | undefined>;
}

function ask(path: string, options: { method?: string; headers?: Record<string, string>; body?: string } = {}) {
  const { method = "GET", headers = {}, body } = options;
  return new Promise<Answer>((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port: server.port, path, method, headers }, async (response) => {
      resolve({ status: response.statusCode ?? 0, body: await text(response), headers: response.headers });
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

const newToken = () => new URL(server.address).search;

async function comeIn(): Promise<string> {
  const { headers } = await ask(`/${newToken()}`);
  return headers["set-cookie"]?.[0]?.split(";")[0] ?? "";
}

/** The HTTP status with which a WebSocket is refused, or `open`. */
function knock(headers: Record<string, string>, path = "/lab"): Promise<string> {
  return new Promise((resolve) => {
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}${path}`, { headers });
    socket.on("open", () => {
      socket.close();
      resolve("open");
    });
    socket.on("unexpected-response", (_request, response) => resolve(String(response.statusCode)));
    socket.on("error", () => resolve("error"));
  });
}

test("an address lets one person in, once, with a cookie that no script and no other site can use", async () => {
  const search = newToken();
  const first = await ask(`/${search}`);
  expect(first.status).toBe(200);
  expect(first.headers["set-cookie"]?.[0]).toMatch(/; HttpOnly; SameSite=Strict; Path=\/$/);
  const second = await ask(`/${search}`);
  expect(second.status).toBe(401);
  expect(second.headers["set-cookie"]).toBeUndefined();
  expect(addresses.at(-1)).not.toContain(search);
});

test("without the cookie nothing is served, and a wrong one is no better", async () => {
  for (const headers of [{}, { cookie: `resilience-lab-${server.port}=guess` }, { cookie: "resilience-lab-1=x" }]) {
    expect((await ask("/", { headers })).status).toBe(401);
    expect((await ask("/assets/main.js", { headers })).status).toBe(401);
    expect((await ask("/session", { headers })).status).toBe(401);
  }
  expect((await ask("/?token=guess")).status).toBe(401);
});

test("the page comes with a strict policy whose nonce is new each time", async () => {
  const cookie = await comeIn();
  const [first, second] = await Promise.all([ask("/", { headers: { cookie } }), ask("/", { headers: { cookie } })]);
  const policy = String(first.headers["content-security-policy"]);
  const nonce = /'nonce-([^']+)'/.exec(policy)?.[1] ?? "";
  expect(first.body).toContain(`content="${nonce}"`);
  expect(second.body).not.toContain(nonce);
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toMatch(/unsafe-|https?:|\*/);
  expect(first.headers).toMatchObject({
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
  });
});

test.each([
  "/../secret.txt",
  "/..%2fsecret.txt",
  "/%2e%2e/secret.txt",
  "/assets/..%2f..%2fsecret.txt",
  "/assets/%00.js",
  "/..\\secret.txt",
  "//etc/passwd.txt",
  "/%ff.js",
])("%s leads to no file outside the page", async (path) => {
  const answer = await ask(path, { headers: { cookie: await comeIn() } });
  expect(answer.status).toBe(404);
  expect(answer.body).not.toContain("secret");
});

test("a name that was made to point here is refused, and so is any other origin", async () => {
  const cookie = await comeIn();
  const own = `http://127.0.0.1:${server.port}`;
  for (const headers of [
    { cookie, host: "evil.example" },
    { cookie, host: `evil.example:${server.port}` },
    { cookie, host: "127.0.0.1:1" },
    { cookie, origin: "http://evil.example" },
    { cookie, origin: "null" },
    { cookie, origin: `http://localhost:${server.port}` },
    { cookie, "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image" },
    { cookie, "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe" },
  ]) {
    expect((await ask("/", { headers })).status).toBe(403);
  }
  expect((await ask("/", { headers: { cookie, origin: own } })).status).toBe(200);
  expect((await ask("/", { method: "DELETE", headers: { cookie, origin: own } })).status).toBe(405);
});

test("a WebSocket needs the cookie, the page's own origin and the one address", async () => {
  const cookie = await comeIn();
  const origin = `http://127.0.0.1:${server.port}`;
  expect(await knock({ cookie, origin })).toBe("open");
  expect(await knock({ cookie })).toBe("403");
  expect(await knock({ cookie, origin: "http://evil.example" })).toBe("403");
  expect(await knock({ cookie, origin, host: "evil.example" })).toBe("403");
  expect(await knock({ origin })).toBe("401");
  expect(await knock({ cookie: "resilience-lab=x", origin })).toBe("401");
  expect(await knock({ cookie, origin }, "/other")).toBe("404");
});

test("a message larger than any that a page sends ends the connection, and the server goes on", async () => {
  const headers = { cookie: await comeIn(), origin: `http://127.0.0.1:${server.port}` };
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}/lab`, { headers });
  const closed = new Promise<number>((resolve) => socket.on("close", resolve));
  socket.on("error", () => {});
  socket.on("open", () => socket.send("x".repeat(2 * 1024 * 1024)));
  expect(await closed).toBe(1009);
  expect((await ask("/", { headers })).status).toBe(200);
});

test("a file comes in by the page alone, and up to a size", async () => {
  const cookie = await comeIn();
  const origin = `http://127.0.0.1:${server.port}`;
  const upload = (headers: Record<string, string>, body: string) => ask("/uploads", { method: "POST", headers, body });
  expect((await upload({ cookie }, "x")).status).toBe(403);
  expect((await upload({ cookie, origin: "http://evil.example" }, "x")).status).toBe(403);
  expect((await upload({ origin }, "x")).status).toBe(401);
  expect((await upload({ cookie, origin }, "x".repeat(2 * UPLOAD_LIMIT_BYTES))).status).toBe(413);
  const taken = await upload({ cookie, origin, "x-file-name": "..%2Frun.zip" }, "bundle");
  expect(JSON.parse(taken.body)).toMatchObject({ fileName: "_run.zip", bytes: 6 });
});

test("a file goes out once, as a download", async () => {
  const cookie = await comeIn();
  const { file, offer } = files.place();
  writeFileSync(file, "bundle");
  const path = `/downloads/${offer("run.zip")}`;
  expect((await ask(path)).status).toBe(401);
  const first = await ask(path, { headers: { cookie } });
  expect(first.body).toBe("bundle");
  expect(first.headers["content-disposition"]).toContain("attachment");
  expect((await ask(path, { headers: { cookie } })).status).toBe(404);
});

test("a port that is taken is named", async () => {
  const router = {} as never;
  const page = {} as never;
  await expect(BrowserServer.listen({ router, page, files, port: server.port })).rejects.toMatchObject({
    code: "port-taken",
    message: expect.stringContaining(String(server.port)),
  });
});
