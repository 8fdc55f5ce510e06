import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { lastingFolder } from "../../testing/lasting-folder.ts";
import { BrowserServer } from "./browser-server.ts";
import { RawWindow } from "./testing/raw-window.ts";
import { type Answer, ServedLab, UPLOAD_LIMIT_BYTES } from "./testing/served-lab.ts";

const home = lastingFolder();
let lab: ServedLab;
beforeAll(async () => {
  lab = await ServedLab.start(home);
});
afterAll(() => lab.close());

const ask = (...request: Parameters<ServedLab["ask"]>): Promise<Answer> => lab.ask(...request);

/** The HTTP status with which a WebSocket is refused, or `open`. */
function knock(headers: Record<string, string>, path = "/lab"): Promise<string> {
  return new Promise((resolve) => {
    const socket = new WebSocket(`ws://127.0.0.1:${lab.port}${path}`, { headers });
    socket.on("open", () => {
      socket.close();
      resolve("open");
    });
    socket.on("unexpected-response", (_request, response) => resolve(String(response.statusCode)));
    socket.on("error", () => resolve("error"));
  });
}

test("an address admits one browser, once, with a cookie that no script and no other site can use", async () => {
  const search = lab.newToken;
  const first = await ask(`/${search}`);
  expect(first.status).toBe(200);
  expect(first.headers["set-cookie"]?.[0]).toMatch(/; HttpOnly; SameSite=Strict; Path=\/$/);
  const second = await ask(`/${search}`);
  expect(second.status).toBe(401);
  expect(second.headers["set-cookie"]).toBeUndefined();
  expect(second.body).not.toContain("<script");
  expect(lab.addresses.at(-1)).not.toContain(search);
});

test("without the cookie, or with a wrong one, nothing is served", async () => {
  for (const headers of [{}, { cookie: `resilience-lab-${lab.port}=guess` }, { cookie: "resilience-lab-1=x" }]) {
    expect((await ask("/", { headers })).status).toBe(401);
    expect((await ask("/assets/main.js", { headers })).status).toBe(401);
    expect((await ask("/session", { headers })).status).toBe(401);
  }
  expect((await ask("/?token=guess")).status).toBe(401);
});

test("the page comes with a strict policy whose nonce is new each time", async () => {
  const { cookie } = await lab.comeIn();
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
  const answer = await ask(path, { headers: (await lab.comeIn()).headers });
  expect(answer.status).toBe(404);
  expect(answer.body).not.toContain("secret");
});

/** The status of a request whose target is sent as it is, which no HTTP client would. */
async function statusOf(target: string, cookie: string): Promise<number> {
  const socket = connect(lab.port, "127.0.0.1");
  socket.write(
    `GET ${target} HTTP/1.1\r\nHost: 127.0.0.1:${lab.port}\r\nCookie: ${cookie}\r\nConnection: close\r\n\r\n`,
  );
  return Number((await text(socket)).split(" ")[1]);
}

test.each([
  "//",
  "///",
  "//[",
  "//a:b@c:99999/",
  "/\\",
  "/\\[",
  "/a//b",
  "/a\\b",
  "*",
  "http://",
  "http://[",
  "http://127.0.0.1/",
  "/%",
  "/%zz.js",
  "/%2f%2fa.js",
])("the target %j leads to nothing, and to no error", async (target) => {
  const { cookie } = await lab.comeIn();
  expect(await statusOf(target, cookie)).toBe(404);
});

test.each(["?", "index.html", "/a b c", "/\u0001"])("the target %j is not HTTP", async (target) => {
  expect(await statusOf(target, "")).toBe(400);
});

test("a foreign host name that resolves here (DNS rebinding) is refused, and so is any other origin", async () => {
  const { cookie } = await lab.comeIn();
  const own = lab.origin;
  for (const headers of [
    { cookie, host: "evil.example" },
    { cookie, host: `evil.example:${lab.port}` },
    { cookie, host: "127.0.0.1:1" },
    { cookie, origin: "http://evil.example" },
    { cookie, origin: "null" },
    { cookie, origin: `http://localhost:${lab.port}` },
    { cookie, "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image" },
    { cookie, "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe" },
  ]) {
    expect((await ask("/", { headers })).status).toBe(403);
  }
  expect((await ask("/", { headers: { cookie, origin: own } })).status).toBe(200);
  expect((await ask("/", { method: "DELETE", headers: { cookie, origin: own } })).status).toBe(405);
});

test("a WebSocket is opened with the cookie, the page's own origin and the one address", async () => {
  const { cookie } = await lab.comeIn();
  const origin = lab.origin;
  expect(await knock({ cookie, origin })).toBe("open");
  expect(await knock({ cookie })).toBe("403");
  expect(await knock({ cookie, origin: "http://evil.example" })).toBe("403");
  expect(await knock({ cookie, origin, host: "evil.example" })).toBe("403");
  expect(await knock({ origin })).toBe("401");
  expect(await knock({ cookie: "resilience-lab=x", origin })).toBe("401");
  expect(await knock({ cookie, origin }, "/other")).toBe("404");
});

test("a message above the size limit ends the connection, and the server continues", async () => {
  const visitor = await lab.comeIn();
  const { window } = await RawWindow.letIn(lab, visitor);
  window.send("x".repeat(2 * 1024 * 1024));
  expect(await window.closed).toMatchObject({ code: 1009 });
  expect((await ask("/", { headers: visitor.headers })).status).toBe(200);
});

test("a file can be uploaded only by a window, and only up to the size limit", async () => {
  const { cookie, headers, withKey } = await lab.comeIn();
  const { origin: _, ...withoutOrigin } = withKey;
  const upload = (headers: Record<string, string>, body: string) => ask("/uploads", { method: "POST", headers, body });
  expect((await upload(withoutOrigin, "x")).status).toBe(403);
  expect((await upload({ ...withKey, origin: "http://evil.example" }, "x")).status).toBe(403);
  expect((await upload({ ...withKey, cookie: "" }, "x")).status).toBe(401);
  expect((await upload({ ...withKey, "x-lab-window": cookie }, "x")).status).toBe(401);
  expect((await upload(headers, "x")).status).toBe(401);
  expect((await upload(withKey, "x".repeat(2 * UPLOAD_LIMIT_BYTES))).status).toBe(413);
  const taken = await upload({ ...withKey, "x-file-name": "..%2Frun.zip" }, "bundle");
  expect(JSON.parse(taken.body)).toMatchObject({ fileName: "_run.zip", bytes: 6 });
});

test("a file can be downloaded once", async () => {
  const { cookie } = await lab.comeIn();
  const { file, offer } = lab.files.reserve();
  writeFileSync(file, "bundle");
  const path = `/downloads/${offer("run.zip")}`;
  expect((await ask(path)).status).toBe(401);
  const first = await ask(path, { headers: { cookie } });
  expect(first.body).toBe("bundle");
  expect(first.headers["content-disposition"]).toContain("attachment");
  expect((await ask(path, { headers: { cookie } })).status).toBe(404);
});

test("a port that is in use is reported", async () => {
  const router = {} as never;
  const page = {} as never;
  const { files, windows, port } = lab;
  await expect(BrowserServer.listen({ router, page, files, windows, port })).rejects.toMatchObject({
    code: "port-taken",
    message: expect.stringContaining(String(lab.port)),
  });
});
