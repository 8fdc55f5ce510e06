import { afterAll, beforeAll, expect, test } from "vitest";
import { type Ended, TerminalLab } from "./terminal-lab.ts";

/** One reference stack for all of these tests, broken without the lab and restored by one test after the other. */
const lab = new TerminalLab();
let up: Ended;
let proxy = "";

beforeAll(async () => {
  up = await lab.run("stack", "up", "--ports", "auto");
  proxy = `http://${/^fault-proxy +(127\S+)$/m.exec(up.out)?.[1]}`;
});
afterAll(() => lab.clear());

const LINK = "gateway->payments-mcp";
const TOXIC = `${LINK} has a latency toxic, "slow"`;
const toxics = async () => {
  const headers = { authorization: `Bearer ${lab.secret("STACK_TOKEN")}`, connection: "close" };
  return (await fetch(`${proxy}/proxies/${encodeURIComponent(LINK)}/toxics`, { headers })).json();
};

function scenarioFile(id: string, method: string): string {
  const steadyState = "steadyState: [{ service: gateway, is: up }]";
  const head = `id: ${id}\ntitle: ${id}\npatterns: []\n${steadyState}\n`;
  return lab.write(`${id}.yaml`, `${head}method:\n${method}\nexpect: [{ service: mock-slack, is: up }]\n`);
}

test("a run that leaves a toxic of its own HTTP request ends as residue, exit 1, with the toxic's name and the next step", async () => {
  const body = "{ name: slow, type: latency, attributes: { latency: 1 } }";
  const path = `/proxies/${encodeURIComponent(LINK)}/toxics`;
  const file = scenarioFile(
    "leaves-a-toxic",
    `  - { http: fault-proxy, path: "${path}", method: POST, json: ${body} }`,
  );
  const { code, out } = await lab.run("run", file);
  expect(out).toMatch(
    /RESIDUE in .*left on the stack: gateway->payments-mcp has a latency toxic, "slow"; restore it with/,
  );
  expect(code).toBe(1);
});

test("stack status lists damage although every service is up, and exits 1", async () => {
  const { code, out } = await lab.run("stack", "status");
  expect(out).toContain(`broken: ${TOXIC}`);
  expect(out).toContain("resilience-lab stack restore");
  expect(code).toBe(1);
});

test("the next run is refused with the damage listed, or accepts it with --accept-existing", async () => {
  const file = scenarioFile("looks", "  - probe: gateway");
  const refused = await lab.run("run", file);
  expect(refused.out).toContain(`the stack was broken before this run: ${TOXIC}`);
  expect(refused.code).toBe(1);
  const accepted = await lab.run("run", file, "--accept-existing");
  expect(accepted.out).toContain(`accepted as it was found: ${TOXIC}`);
  expect(accepted.code).toBe(0);
});

test("a halt does not report that nothing was in force: it lists the damage and the next step", async () => {
  const { code, out } = await lab.run("halt");
  expect(out).not.toContain("no fault was in force");
  expect(out).toContain(TOXIC);
  expect(out).toContain("resilience-lab stack restore");
  expect(code).toBe(1);
  expect(await toxics()).toHaveLength(1);
});

test("stack restore removes damage of any origin; then everything is healthy", async () => {
  const { code, out } = await lab.run("stack", "restore");
  expect(out).toContain(`restored: ${TOXIC}`);
  expect(code).toBe(0);
  expect(await toxics()).toEqual([]);
  expect((await lab.run("stack", "status")).code).toBe(0);
  const halted = await lab.run("halt");
  expect(halted.out).toContain("no fault was in force");
  expect(halted.code).toBe(0);
  await lab.run("arm");
});

test("a service that is paused and then killed is down meanwhile, and the run is green with everything restored", async () => {
  const file = scenarioFile(
    "pause-then-kill",
    "  - fault: { pause: payments-mcp }\n  - fault: { kill: payments-mcp }\n  - { probe: payments-mcp, is: down }",
  );
  const { code, out } = await lab.run("run", file);
  const undone = out.split("\n").filter((line) => line.includes("restored: payments-mcp"));
  expect(undone).toEqual([
    expect.stringMatching(/restored: payments-mcp is paused, as it was before$/),
    expect.stringMatching(/restored: payments-mcp is running and up$/),
  ]);
  expect(out).not.toContain("warning");
  expect(code).toBe(0);
});

test("a fault that the driver does not support is refused by the plan and by the run, before anything is broken", async () => {
  const file = scenarioFile("disconnects", "  - fault: { disconnect: payments-mcp }");
  const plan = await lab.run("plan", file);
  expect([plan.code, plan.err]).toEqual([
    2,
    expect.stringMatching(/disconnect payments-mcp cannot be done on the process driver\n.*--driver docker/),
  ]);
  expect((await lab.run("plan", file, "--driver", "docker")).code).toBe(0);
  const { code, out } = await lab.run("run", file);
  expect([code, out]).toEqual([1, expect.stringMatching(/PRECONDITION in .*cannot be done on the process driver/)]);
});
