/** Requests that change a service's state, or read it, are refused to pages and to programs without the token. */
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { killServices, startService } from "./testing/service-process.ts";

// Process start takes long on a loaded machine.
afterAll(killServices);

const token = "of-this-stack";
const slack = {
  SLACK_BOT_TOKEN: "b",
  SLACK_SIGNING_SECRET: "s",
  SLACK_ACTIONS_URL: "http://127.0.0.1:9/slack/actions",
};
const own = {
  agent: { GATEWAY_URL: "http://127.0.0.1:9/mcp" },
  "mock-slack": slack,
  "payments-mcp": {},
  "fault-proxy": {},
};
type Service = keyof typeof own;

function begin(service: Service, more: Record<string, string> = {}) {
  const program = join(import.meta.dirname, "..", service, "main.ts");
  return startService(program, { PORT: "0", ...own[service], ...more });
}

const up = (service: Service): Promise<string> => begin(service, { CONTROL_TOKEN: token }).url();

const changes: [Service, string, object][] = [
  ["agent", "/runs", { input: "hello" }],
  ["mock-slack", "/reset", {}],
  ["mock-slack", "/settings", { autoApproveAfter: "1ms" }],
  ["mock-slack", "/click", { action: "approve" }],
  ["payments-mcp", "/reset", {}],
  ["fault-proxy", "/reset", {}],
  ["fault-proxy", "/populate", []],
  ["fault-proxy", "/proxies", { name: "a", listen: "127.0.0.1:0", upstream: "127.0.0.1:9" }],
];

describe.each(changes)("%s: POST %s", (service, path, given) => {
  test("is refused to a page of any loopback origin, with or without the token, and to clients without it", async () => {
    const url = (await up(service)) + path;
    const body = JSON.stringify(given);
    const status = async (headers: Record<string, string>): Promise<number> =>
      (await fetch(url, { method: "POST", headers, body })).status;
    const json = { "content-type": "application/json" };
    const authorization = `Bearer ${token}`;
    expect([403, 415]).toContain(await status({ "content-type": "text/plain", origin: "http://127.0.0.1:5173" }));
    expect(await status({ ...json, origin: "http://localhost:5173" })).toBe(403);
    expect(await status({ ...json, authorization, origin: "http://127.0.0.1:5173" })).toBe(403);
    expect(await status({ ...json, authorization, origin: "null" })).toBe(403);
    expect(await status(json)).toBe(401);
    expect(await status({ ...json, authorization: "Bearer other" })).toBe(401);
    expect(await status({ ...json, authorization: "Bearer " })).toBe(401);
    if (service !== "fault-proxy") expect(await status({ "content-type": "text/plain", authorization })).toBe(415);
    expect([200, 201, 204, 409]).toContain(await status({ ...json, authorization }));
  });
});

test.each([
  ["payments-mcp", "/state"],
  ["mock-slack", "/messages"],
] as const)(
  "%s: GET %s, which shows what the service was sent, is for clients with the token alone",
  async (service, path) => {
    const url = await up(service);
    const status = async (headers: Record<string, string>, at = path as string) =>
      (await fetch(url + at, { headers })).status;
    const authorization = `Bearer ${token}`;
    expect(await status({})).toBe(401);
    expect(await status({ authorization: "Bearer other" })).toBe(401);
    expect(await status({ authorization, origin: "http://127.0.0.1:5173" })).toBe(403);
    expect(await status({ authorization })).toBe(200);
    expect(await status({}, "/healthz")).toBe(200);
  },
);

test("the fault proxy shows its links and hits only with the token, and its version to every client", async () => {
  const url = await up("fault-proxy");
  const status = async (path: string, headers = {}) => (await fetch(url + path, { headers })).status;
  for (const path of ["/proxies", "/hits", "/metrics"]) {
    expect([path, await status(path)]).toEqual([path, 401]);
    expect([path, await status(path, { authorization: `Bearer ${token}` })]).toEqual([path, 200]);
  }
  expect([await status("/version"), await status("/healthz")]).toEqual([200, 200]);
});

test("a fault proxy without a token serves unmodified Toxiproxy clients, and still no page", async () => {
  const url = await begin("fault-proxy").url();
  const reset = (headers: Record<string, string>) => fetch(`${url}/reset`, { method: "POST", headers });
  expect((await reset({})).status).toBe(204);
  expect((await reset({ origin: "http://127.0.0.1:5173", "content-type": "text/plain" })).status).toBe(403);
});

test.each(["agent", "mock-slack", "payments-mcp"] as const)(
  "%s does not start without a token, and names the variable",
  async (service) => {
    const program = begin(service);
    expect(await program.ended).toBe(2);
    expect(program.output()).toContain("CONTROL_TOKEN is not set");
  },
);
