import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../../testing/temporary-folder.ts";
import { loadStack, serviceNamed, serviceWithRole } from "./stack-file.ts";

const REFERENCE = join(import.meta.dirname, "..", "..", "..", "resources", "stack", "compose.yaml");

const good = `services:
  database:
    image: postgres:18
    ports: ["127.0.0.1:\${DB_PORT:-15432}:5432"]
    x-lab:
      role: audit-log
      probe: { tcp: true }
      process: { command: [node, db.mjs], environment: { PORT: "{port}" } }
  gateway:
    image: gateway
    environment:
      - DATABASE_URL=postgres://database:5432/x
      - MODE
    depends_on: [database, sidecar]
    stop_grace_period: 2s
    x-lab:
      role: gateway
      probe: { http: /health }
  sidecar:
    image: busybox
x-lab:
  links:
    - { name: gateway->database, listen: "database:5432", upstream: "database:5432" }
`;

function load(text: string, environment: NodeJS.ProcessEnv = {}) {
  const file = join(temporaryFolder(), "compose.yaml");
  writeFileSync(file, text);
  return loadStack(file, environment);
}

/** The problems of a stack file, without the folder it is in. */
function problemsOf(text: string, environment: NodeJS.ProcessEnv = {}): string {
  try {
    load(text, environment);
  } catch (error) {
    return String((error as Error).message).replaceAll(/\S*\/(compose\.yaml)/g, "$1");
  }
  return "none";
}

test("a stack is its services in start order, with what the lab needs of each", () => {
  const stack = load(good, { DB_PORT: "7000", MODE: "fast" });
  expect(stack.services.map(({ name }) => name)).toEqual(["database", "gateway"]);
  expect(serviceNamed(stack, "database")).toMatchObject({
    role: "audit-log",
    port: { hostAddress: "127.0.0.1", hostPort: 7000, containerPort: 5432 },
    process: { command: ["node", "db.mjs"], environment: { PORT: "{port}" } },
    stopSignal: "SIGTERM",
    stopGraceMs: 10_000,
  });
  expect(serviceNamed(stack, "gateway")).toMatchObject({
    environment: { DATABASE_URL: "postgres://database:5432/x", MODE: "fast" },
    dependsOn: { database: "service_started", sidecar: "service_started" },
    stopGraceMs: 2_000,
  });
  expect(stack.links).toMatchObject([{ from: "gateway", to: "database" }]);
});

test("variables come from .env beside the file, and the lab's own environment goes before it", () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "compose.yaml"), good);
  writeFileSync(join(folder, ".env"), "DB_PORT=6000\n");
  const portWith = (environment: NodeJS.ProcessEnv) =>
    serviceNamed(loadStack(join(folder, "compose.yaml"), environment), "database").port?.hostPort;
  expect(portWith({})).toBe(6000);
  expect(portWith({ DB_PORT: "5000" })).toBe(5000);
});

test("services are asked for by name or role, and an answer that is none says what there is", () => {
  const stack = load(good);
  expect(serviceWithRole(stack, "gateway", "a call").name).toBe("gateway");
  expect(() => serviceNamed(stack, "cache")).toThrow(
    expect.objectContaining({ hint: "its services are: database, gateway" }),
  );
  expect(() => serviceWithRole(stack, "agent", "an agent step")).toThrow(
    /an agent step needs a service whose x-lab role is agent/,
  );
});

describe("a bad stack file is refused where it is bad:", () => {
  const inGateway = (line: string) => good.replace("    image: gateway\n", `    image: gateway\n${line}\n`);

  test.each([
    ["an unknown field at the top", `${good}volume:\n  x: {}\n`, /^compose\.yaml:24:1: unknown field "volume"$/],
    [
      "an unknown field of a service",
      inGateway("    imagee: x"),
      /^compose\.yaml:11:5: services\.gateway: unknown field "imagee"$/,
    ],
    [
      "a field that the lab cannot bring up",
      inGateway("    privileged: true"),
      /11:5: services\.gateway: unknown field "privileged"/,
    ],
    [
      "an unknown field of x-lab",
      good.replace("role: gateway", "role: gateway\n      colour: red"),
      /unknown field "colour"$/,
    ],
    [
      "a role that is none",
      good.replace("role: gateway", "role: gatekeeper"),
      /17:13: services\.gateway\.x-lab\.role: expected one of "gateway"\|/,
    ],
    [
      "a probe of no kind",
      good.replace("{ http: /health }", "{ ping: true }"),
      /18:14: services\.gateway\.x-lab\.probe: a probe is one of \{http/,
    ],
    [
      "a probe path that is a URL",
      good.replace("http: /health", "http: http://x/health"),
      /services\.gateway\.x-lab\.probe/,
    ],
    [
      "a dependency that is no service",
      good.replace("sidecar]", "sidecars]"),
      /14:17: gateway depends on "sidecars", which is no service$/,
    ],
    [
      "a link from nowhere",
      good.replace("name: gateway->database", "name: gate->database"),
      /23:7: link gate->database: "gate" is no service with x-lab$/,
    ],
    [
      "a link to a service that the lab does not know",
      good.replace("name: gateway->database", "name: gateway->sidecar"),
      /23:7: link gateway->sidecar: "sidecar" is no/,
    ],
    [
      "a link that is no link",
      good.replace("gateway->database", "gateway-database"),
      /23:15: x-lab\.links\[0\]\.name: expected "caller->callee"$/,
    ],
    [
      "a port that is none",
      good.replace(':5432"]', ':http"]'),
      /4:13: services\.database\.ports\[0\]: expected a port such as/,
    ],
    [
      "a grace that is no duration",
      good.replace("2s", "soon"),
      /15:24: services\.gateway\.stop_grace_period: expected a duration such as/,
    ],
    ["a variable that has to be set", good.replace(":-15432", ":?which port"), /4:13: DB_PORT is not set: which port$/],
    ["no services", "x-lab: {}\n", /^compose\.yaml:1:1: services: expected .*, but it is missing$/],
    ["services that are a list", "services: []\n", /^compose\.yaml:1:11: services: expected record, received array$/],
    ["nothing", "", /^compose\.yaml:1:1: expected object, received null$/],
  ])("%s", (_what, text, message) => expect(problemsOf(text)).toMatch(message));

  test("services that wait for each other, with the way round", () => {
    const circle = good.replace("    image: postgres:18", "    image: postgres:18\n    depends_on: [gateway]");
    expect(problemsOf(circle)).toMatch(/services wait for each other: database -> gateway -> database$/);
  });

  test("all its problems at once", () => {
    expect(
      problemsOf(good.replace("role: gateway", "role: gatekeeper").replace("2s", "soon")).split("\n"),
    ).toHaveLength(2);
  });
});

test("the reference stack is good, has every role there is a step for, and all its links lead somewhere", () => {
  const stack = loadStack(REFERENCE, { RESILIENCE_LAB_HOME: temporaryFolder() });
  for (const role of ["gateway", "mcp-server", "approval-channel", "audit-log", "agent"] as const) {
    expect(serviceWithRole(stack, role, "a test").process, role).toBeDefined();
  }
  const names = stack.services.map(({ name }) => name);
  expect(names.indexOf("audit-db")).toBeLessThan(names.indexOf("gateway"));
  expect(names.indexOf("gateway")).toBeLessThan(names.indexOf("agent"));
  for (const { listen, from } of stack.links) {
    expect(
      Object.values(serviceNamed(stack, from).environment).some((value) => value.includes(listen)),
      `${from} ${listen}`,
    ).toBe(true);
  }
});
