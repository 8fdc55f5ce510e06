import { describe, expect, test } from "vitest";
import { lastingFolder } from "../../testing/lasting-folder.ts";
import { REFERENCE_STACK_FILE } from "../stacks/reference-stack.ts";
import { loadStack } from "../stacks/stack-file.ts";
import { directLinksOf, formatPlan, planScenario } from "./plan.ts";
import { kindOf, STEP_KINDS, scenario as schema, step as stepSchema } from "./schema.ts";
import { shippedScenarios } from "./shipped.ts";

const stack = loadStack(REFERENCE_STACK_FILE, { RESILIENCE_LAB_HOME: lastingFolder() });

function planOf(...method: object[]) {
  const steadyState = [{ service: "gateway", is: "up" }];
  const scenario = { id: "x", title: "x", patterns: [], steadyState, method, expect: [{ within: "1s" }] };
  return planScenario(schema.parse(scenario), stack, "process");
}

describe("the plan of a scenario", () => {
  test("names what a fault on a service touches, its effect, how it is undone and when at the latest", () => {
    expect(planOf({ fault: { pause: "payments-mcp", for: "5s" } })).toEqual([
      {
        step: "fault: pause payments-mcp",
        background: false,
        touches: "payments-mcp (127.0.0.1:18421)",
        fault: { effect: "paused (frozen, connections stay open)", undo: "resume", atMostMs: 5_000 },
      },
    ]);
  });

  test("names no address of a service whose port the engine chooses at each start", () => {
    const services = stack.services.map((each) => ({
      ...each,
      port: { containerPort: 8421, hostPort: 0, hostAddress: "" },
    }));
    const parsed = schema.parse({
      id: "x",
      title: "x",
      patterns: [],
      steadyState: [{ service: "gateway", is: "up" }],
      method: [{ fault: { pause: "payments-mcp" } }],
      expect: [{ within: "1s" }],
    });
    expect(planScenario(parsed, { ...stack, services }, "docker")).toMatchObject([{ touches: "payments-mcp" }]);
  });

  test("names both ends of a link, and its default lifetime", () => {
    const [latency, down] = planOf(
      { fault: { latency: "gateway->payments-mcp", by: "1s" } },
      { fault: { down: "gateway->audit-db" } },
    );
    expect(latency).toMatchObject({
      touches: "gateway->payments-mcp (fault-proxy:9082 to payments-mcp:8421)",
      fault: { effect: "slowed down", undo: "take the fault off the link", atMostMs: 600_000 },
    });
    expect(down).toMatchObject({ fault: { undo: "open the link" } });
  });

  test("says that a link without a fault proxy is broken in its caller's namespace, which only Docker has", () => {
    const own = { ...stack, links: [{ name: "agent->gateway", from: "agent", to: "gateway", port: 8080 }] };
    const method = [{ fault: { down: "agent->gateway" } }];
    const parsed = schema.parse({
      id: "x",
      title: "x",
      patterns: [],
      steadyState: [{ service: "agent", is: "up" }],
      method,
      expect: [{ within: "1s" }],
    });
    expect(planScenario(parsed, own, "docker")).toMatchObject([
      {
        touches: "agent->gateway (port 8080 of gateway, within agent's network namespace)",
        fault: { undo: "open the link, and remove its sidecar and the rules in agent's network namespace" },
      },
    ]);
    const sharing = (...names: string[]) => names.map((service) => ({ service, shares: [] }));
    const around = { sharersOf: () => sharing("metrics"), networkOwnerOf: () => undefined, containersOf: () => [] };
    expect(planScenario(parsed, own, "docker", around)).toMatchObject([
      { touches: "agent->gateway (port 8080 of gateway, within agent's network namespace), which metrics shares" },
    ]);
    const lodging = {
      ...around,
      sharersOf: (service: string) => sharing(...(service === "web" ? ["agent", "metrics"] : [])),
      networkOwnerOf: () => "web",
    };
    expect(planScenario(parsed, own, "docker", lodging)).toMatchObject([
      {
        touches: "agent->gateway (port 8080 of gateway, within web's network namespace), which agent and metrics share",
        fault: { undo: "open the link, and remove its sidecar and the rules in web's network namespace" },
      },
    ]);
    expect(() => planScenario(parsed, own, "process")).toThrow(
      "down agent->gateway cannot be done on the process driver: no fault proxy carries the link",
    );
    expect(directLinksOf(parsed, own)).toEqual(own.links);
    expect(directLinksOf(parsed, stack)).toEqual([]);
  });

  test("names what every other kind of step reaches, resolved by role where the step names no service", () => {
    const method = [
      { warm: "gateway" },
      { agent: "hello" },
      { call: "list_recent_charges" },
      { storm: "list_recent_charges", times: 3 },
      { approve: "create_refund" },
      { deny: "create_refund" },
      { decide: "create_refund", unattended: "approve" },
      { http: "payments-mcp", path: "/state" },
      { undo: "payments-mcp" },
      { undo: "all" },
      { wait: "1s" },
      { probe: "gateway" },
      { check: { within: "1s" } },
    ];
    expect(new Set(["fault", ...method.map((step) => kindOf(stepSchema.parse(step)))])).toEqual(new Set(STEP_KINDS));
    expect(planOf(...method).map(({ touches }) => touches)).toEqual([
      "gateway (127.0.0.1:18080)",
      "agent (127.0.0.1:18086)",
      "gateway (127.0.0.1:18080)",
      "gateway (127.0.0.1:18080)",
      "mock-slack (127.0.0.1:18090)",
      "mock-slack (127.0.0.1:18090)",
      "mock-slack (127.0.0.1:18090)",
      "payments-mcp (127.0.0.1:18421)",
      "payments-mcp",
      "everything that is broken at that time",
      "nothing: it only checks or waits",
      "nothing: it only checks or waits",
      "nothing: it only checks or waits",
    ]);
  });

  test.each([
    [{ fault: { stop: "payments" } }, 'no service called "payments"'],
    [{ fault: { down: "gateway->payments" } }, 'no link called "gateway->payments"'],
    [{ http: "nowhere", path: "/" }, 'no service called "nowhere"'],
    [{ warm: "nowhere" }, 'no service called "nowhere"'],
    [{ undo: "nowhere" }, 'no service called "nowhere"'],
    [{ probe: "nowhere" }, 'no service called "nowhere"'],
    [{ wait: { service: "nowhere", is: "up" } }, 'no service called "nowhere"'],
    [{ check: { service: "nowhere", is: "up" } }, 'no service called "nowhere"'],
  ])("is refused before anything runs when a target does not exist: %j", (step, message) => {
    expect(() => planOf(step)).toThrow(message);
  });

  test("names the calls and requests of the steady state, with their time and target", () => {
    const steadyState = [
      { service: "gateway", is: "up" },
      { call: "list_recent_charges", is: "ok", throughout: true },
      { http: "payments-mcp", path: "/state", json: { refunds: 0 }, within: "2s" },
    ];
    const parts = { id: "x", title: "x", patterns: [], method: [{ wait: "1s" }], expect: [{ within: "1s" }] };
    const plan = planScenario(schema.parse({ ...parts, steadyState }), stack, "process");
    expect(plan.map(({ step, touches }) => `${step} | ${touches}`)).toEqual([
      "before, throughout and after: call list_recent_charges is ok | gateway (127.0.0.1:18080)",
      'before and after: GET payments-mcp/state answers 2xx with {"refunds":0} within 2.00 s | payments-mcp (127.0.0.1:18421)',
      "wait for 1.00 s | nothing: it only checks or waits",
    ]);
    const nowhere = schema.parse({ ...parts, steadyState: [{ http: "nowhere", path: "/" }] });
    expect(() => planScenario(nowhere, stack, "process")).toThrow('no service called "nowhere"');
    const isAsked = ({ role }: { role: string }) => role === "gateway" || role === "mcp-server";
    const noGateway = { ...stack, services: stack.services.filter((service) => !isAsked(service)) };
    expect(() => planScenario(schema.parse({ ...parts, steadyState: [steadyState[1]] }), noGateway, "process")).toThrow(
      "gateway",
    );
  });

  test("is refused when a check or the steady state names a missing service", () => {
    const parts = { id: "x", title: "x", patterns: [], method: [{ wait: "1s" }] };
    const steadyState = [{ service: "nowhere", is: "up" }];
    const noSteady = schema.parse({ ...parts, steadyState, expect: [{ within: "1s" }] });
    expect(() => planScenario(noSteady, stack, "process")).toThrow('no service called "nowhere"');
    const ok = [{ service: "gateway", is: "up" }];
    for (const check of [
      { service: "nowhere", is: "up" },
      { http: "nowhere", path: "/", json: {} },
    ]) {
      const noCheck = schema.parse({ ...parts, steadyState: ok, expect: [check] });
      expect(() => planScenario(noCheck, stack, "process")).toThrow('no service called "nowhere"');
    }
  });

  test("is printed with one line for each step, and a fault's undo below it", () => {
    expect(formatPlan(planOf({ fault: { stop: "mock-slack", for: "2s" } }, { wait: "1s", background: true }))).toEqual([
      "   1. fault: stop mock-slack",
      "      touches mock-slack (127.0.0.1:18090)",
      "      stopped; undone by: start, after 2.00 s at the latest",
      "   2. wait for 1.00 s (in the background)",
      "      touches nothing: it only checks or waits",
    ]);
  });
});

test.each(shippedScenarios().map((loaded) => [loaded.scenario.id, loaded] as const))(
  "the shipped scenario %s can be planned on the reference stack, and each of its faults ends",
  (_id, { scenario }) => {
    for (const { fault } of planScenario(scenario, stack, "process")) expect(fault?.atMostMs ?? 1).toBeGreaterThan(0);
  },
);
