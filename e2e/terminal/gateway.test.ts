// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables as a person writes them
/** A gateway that runs elsewhere, by its address. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { GATEWAY_TOKEN, gatewayServer } from "../../electron/testing/gateway-server.ts";
import { TerminalLab } from "./terminal-lab.ts";

const HEADER = ["--header", "Authorization=Bearer ${GATEWAY_TOKEN}"];
let gateway: Awaited<ReturnType<typeof gatewayServer>>;
let lab: TerminalLab;
beforeAll(async () => {
  gateway = await gatewayServer();
  lab = new TerminalLab({ GATEWAY_TOKEN });
});
afterAll(async () => {
  await lab.clear();
  gateway.close();
});

const on = () => ["--gateway", gateway.url, ...HEADER];

const BROKEN_LINK = `id: slow-gateway
title: The gateway answers late, and then not at all
patterns: []
steadyState: [{ service: gateway, is: up }, { call: greet, arguments: { name: you }, is: ok }]
method:
  - fault: { latency: client->gateway, by: 300ms, for: 20s }
  - { call: greet, arguments: { name: late }, is: ok }
  - check: { call: greet, is: ok, contains: hello late }
  - undo: client->gateway
  - fault: { http_status: client->gateway, status: 503 }
  - { call: greet, arguments: { name: refused }, is: error }
expect:
  - { faultHit: { link: client->gateway, atLeast: 1 } }
  - { count: { calls: ok, exactly: 1 } }
`;
/** A scenario of one step. */
const scenario = (step: string, expected = "{ service: gateway, is: up }") =>
  `id: one\ntitle: One step\npatterns: []\nsteadyState: [{ service: gateway, is: up }]\nmethod: [${step}]\nexpect: [${expected}]\n`;

test("its plan says what can be broken, and refuses what the lab does not run", async () => {
  const file = lab.write("slow-gateway.yaml", BROKEN_LINK);
  const plan = await lab.run("plan", file, ...on());
  expect(plan.err).toBe("");
  expect(plan.out).toContain(`touches gateway (${gateway.url})`);
  expect(plan.out).toMatch(/touches client->gateway .*\n.*undone by: take the fault off the link/);
  expect((await lab.run("scenarios", "validate", file, ...on())).out).toContain("ok (1 scenario)");

  const stop = lab.write("stop.yaml", scenario("{ fault: { stop: gateway } }"));
  const refused = await lab.run("plan", stop, ...on());
  expect([refused.code, refused.err]).toEqual([
    2,
    expect.stringContaining(`stop gateway cannot be done: it runs elsewhere, at ${gateway.url}`),
  ]);
  expect(refused.err).toContain("client->gateway");
  const decided = lab.write("d.yaml", scenario("{ call: greet }", "{ decisions: [greet allow] }"));
  expect((await lab.run("plan", decided, ...on())).err).toContain("nothing in the stack records them");
  expect(lab.processes()).toEqual([]);
});

test("a run calls it, breaks the link to it, and stores no value of a header", async () => {
  const file = lab.write("slow-gateway.yaml", BROKEN_LINK);
  const run = await lab.run("run", file, "--ports", "auto", ...on());
  expect(run.out).toMatch(/hit +greet|hit .*client->gateway/);
  expect(run.out).toContain("PASSED");
  expect([run.code, run.err]).toEqual([0, ""]);
  expect(gateway.asked.some(({ authorization }) => authorization === `Bearer ${GATEWAY_TOKEN}`)).toBe(true);
  expect(lab.processes()).toEqual([]);
  expect(holding(lab.home, GATEWAY_TOKEN)).toEqual([]);
});

test("a standing fault meets other callers at the local address, until it is restored", async () => {
  const up = await lab.run("stack", "up", ...on());
  const local = /client->gateway +(http:\/\/127\.0\.0\.1:\d+\/team\/mcp)/.exec(up.out)?.[1] ?? "";
  expect(up.out).toContain("put it into the caller's configuration");
  const call = () =>
    fetch(local, {
      method: "POST",
      headers: {
        authorization: `Bearer ${GATEWAY_TOKEN}`,
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
        connection: "close",
      },
      body: JSON.stringify({
        jsonrpc: "2.0",
        id: 1,
        method: "tools/call",
        params: { name: "greet", arguments: { name: "caller" } },
      }),
    }).then(async (reply) => [reply.status, await reply.text()]);
  expect(await call()).toEqual([200, expect.stringContaining("hello caller")]);
  const broken = await lab.run("break", "http_status", "client->gateway", "status=503", ...on());
  expect(broken.out).toContain("broken: client->gateway");
  expect((await call())[0]).toBe(503);
  const status = await lab.run("stack", "status", ...on());
  expect([status.code, status.out]).toEqual([1, expect.stringContaining(local)]);
  expect(status.out).toContain("broken: http_status client->gateway");
  const listed = (await lab.run("stacks", "list")).out;
  expect(listed).toMatch(/^reference +not up/m);
  expect(listed).toContain(`${gateway.url}  up, behind ${local}`);
  expect((await lab.run("restore", ...on())).out).toContain("restored: http_status client->gateway");
  expect((await call())[0]).toBe(200);
  expect((await lab.run("stack", "status", ...on())).code).toBe(0);
  expect(holding(lab.home, GATEWAY_TOKEN)).toEqual([]);
  expect((await lab.run("stack", "down", ...on())).out).toContain("nothing is left running");
  expect(lab.processes()).toEqual([]);
});

test("a refused token is reported as such, and a variable that is not set by its name", async () => {
  const open = ["--gateway", gateway.url];
  expect((await lab.run("stack", "up", "--ports", "auto", ...open)).code).toBe(0);
  const status = await lab.run("stack", "status", ...open);
  expect([status.code, status.out]).toEqual([
    1,
    expect.stringMatching(/gateway .*answers HTTP 401: it wants authorization/),
  ]);
  // With other headers it is another stack.
  expect((await lab.run("stack", "status", ...on())).out).toContain("it is not up");
  expect((await lab.run("stack", "down")).code).toBe(0);
  const call = lab.write("call.yaml", scenario("{ call: greet, arguments: { name: x } }"));
  const unset = await lab.run("run", call, "--gateway", gateway.url, "--header", "X-Key=${NOT_SET}");
  expect([unset.code, unset.err]).toEqual([2, expect.stringContaining("X-Key needs the variable NOT_SET")]);
});

/** The files of a folder that have this text in them. */
function holding(folder: string, text: string): string[] {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((each) => each.isFile());
  return files.map((each) => join(each.parentPath, each.name)).filter((file) => readFileSync(file).includes(text));
}
