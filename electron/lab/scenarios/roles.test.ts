import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../../testing/temporary-folder.ts";
import { loadStack, type Stack } from "../stacks/stack-file.ts";
import { loadText } from "./load.ts";
import { formatPlan, planScenario } from "./plan.ts";
import { neededRoles, onStack } from "./roles.ts";
import { stackProblems } from "./stack-problems.ts";

const ROLES = ["gateway", "mcp-server", "agent"];

/** Services as `name: role`, a service whose role is no role of these running elsewhere. */
function stackOf(services: Record<string, string>, links: readonly string[] = []): Stack {
  const file = join(temporaryFolder(), "compose.yaml");
  const described = Object.entries(services).map(([name, role]) => {
    const runsAt = ROLES.includes(role) ? {} : { runsAt: "http://far.example/mcp" };
    const lab = { role: ROLES.includes(role) ? role : "gateway", probe: { tcp: true }, port: 80, ...runsAt };
    return [name, { image: "x", "x-lab": lab }];
  });
  const lab = { links: links.map((name) => ({ name, listen: "p:1", upstream: `${name.split("->")[1]}:2` })) };
  writeFileSync(file, JSON.stringify({ services: Object.fromEntries(described), "x-lab": lab }));
  return loadStack(file, {});
}

const BY_ROLE = `id: a
title: A
patterns: []
observe: [agent->role:gateway]
steadyState: [{ service: role:mcp-server, is: up }, { call: any:read-only, is: ok }]
method:
  - warm: role:gateway
  - fault: { down: role:gateway->role:mcp-server }
  - call: any:read-only
    name: during
  - undo: role:gateway->role:mcp-server
  - wait: { service: role:mcp-server, is: up }
expect:
  - { call: during, is: error }
  - either: [[{ service: role:gateway, is: up }], [{ service: agent, is: up }]]
  - faultHit: { link: role:gateway->role:mcp-server }
`;

const load = (text: string) => {
  const [loaded] = loadText(text, "s.yaml");
  if (loaded === undefined) throw new Error("there should be one");
  return loaded;
};
const two = () =>
  stackOf({ first: "mcp-server", second: "mcp-server", gate: "gateway", agent: "agent" }, [
    "agent->gate",
    "gate->second",
    "gate->first",
  ]);

test("a role is the same service wherever the scenario names it: an end of the first link that fits", () => {
  const { scenario, roles, missing } = onStack(load(BY_ROLE).scenario, two());
  expect(roles).toEqual({ gateway: "gate", "mcp-server": "second" });
  expect(missing).toEqual([]);
  expect(scenario).toEqual(
    load(BY_ROLE.replaceAll("role:gateway", "gate").replaceAll("role:mcp-server", "second")).scenario,
  );
  expect(neededRoles(load(BY_ROLE).scenario)).toEqual(["agent->gateway", "gateway->mcp-server"]);
  expect(neededRoles(oneServer("role:mcp-server").scenario)).toEqual(["mcp-server"]);
});

test("what is shown of the plan has the names of the stack", () => {
  const plan = formatPlan(planScenario(load(BY_ROLE).scenario, two(), "process")).join("\n");
  expect(plan).toContain("fault: down gate->second");
  expect(plan).not.toContain("role:");
});

const oneServer = (named: string) =>
  load(
    `id: a\ntitle: A\npatterns: []\nsteadyState: [{ service: ${named}, is: up }]\nmethod: [{ fault: { stop: ${named} } }]\nexpect: [{ within: 1s }]\n`,
  );

test.each([
  ["the only one", { a: "mcp-server" }, [], "a"],
  ["the first that has a link", { a: "mcp-server", b: "mcp-server", g: "gateway" }, ["g->b"], "b"],
  ["the first in the order of start", { a: "mcp-server", b: "mcp-server" }, [], "a"],
])("without a link in the scenario a role is %s", (_which, services, links, name) => {
  expect(onStack(oneServer("role:mcp-server").scenario, stackOf(services, links)).roles).toEqual({
    "mcp-server": name,
  });
});

test("a service without a role to stand for is missing where it is written, and the plan refuses it", () => {
  const alone = stackOf({ agent: "agent", gate: "gateway" }, ["agent->gate"]);
  const at = stackProblems([load(BY_ROLE)], alone).map(({ line, column, message }) => `${line}:${column} ${message}`);
  expect(at).toEqual([
    "5:26 this needs a service of the stack whose x-lab role is mcp-server; the stack has none",
    "8:20 this needs a link from gateway to mcp-server; the stack has none",
    "11:11 this needs a link from gateway to mcp-server; the stack has none",
    "12:22 this needs a service of the stack whose x-lab role is mcp-server; the stack has none",
    "16:23 this needs a link from gateway to mcp-server; the stack has none",
  ]);
  expect(() => planScenario(load(BY_ROLE).scenario, alone, "process")).toThrow(
    "steadyState[0].service: this needs a service of the stack whose x-lab role is mcp-server",
  );
});

test("what runs elsewhere stands for no role: nobody can stop it", () => {
  expect(onStack(oneServer("role:gateway").scenario, stackOf({ far: "elsewhere" })).missing).toHaveLength(2);
});

test("a scenario that names no role stays what it is", () => {
  const { scenario } = oneServer("a");
  expect(onStack(scenario, stackOf({ a: "mcp-server" })).scenario).toBe(scenario);
});

test("a role that there is none of, and a check on a call without a name, are refused where they are written", () => {
  expect(() => oneServer("role:mcp-servre")).toThrow(
    '4:26: "mcp-servre" is no role; the roles are: gateway, mcp-server, agent',
  );
  expect(() => load(BY_ROLE.replace("call: during, is", "call: any:read-only, is"))).toThrow(
    "give the call step a name, and name that here",
  );
});
