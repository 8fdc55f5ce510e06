import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../../testing/temporary-folder.ts";
import { isProxied, loadStack, serviceNamed, serviceWithRole } from "./stack-file.ts";

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

test("a link is carried by the fault proxy, or named by the port of its callee alone", () => {
  const folder = temporaryFolder();
  const file = join(folder, "compose.yaml");
  writeFileSync(file, good.replace(/\{ name: gateway->database.*\}/, "{ name: gateway->database, port: 5432 }"));
  const [link] = loadStack(file, {}).links;
  expect(link).toEqual({ name: "gateway->database", from: "gateway", to: "database", port: 5432 });
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

test("merge keys are resolved as compose resolves them, also in x-lab", () => {
  const merged = `x-env: &env { TZ: Europe/Berlin }
x-web: &web
  init: true
  ports: ["127.0.0.1:28080:8080"]
  x-lab: { role: other, probe: { http: / } }
services:
  api:
    <<: *web
    image: node:24-slim
    environment: { <<: *env, LEVEL: info }
`;
  expect(serviceNamed(load(merged), "api")).toMatchObject({
    environment: { TZ: "Europe/Berlin", LEVEL: "info" },
    port: { hostPort: 28_080 },
    compose: { init: true },
  });
});

test("durations of several parts and every field of a health check are read", () => {
  const check =
    "healthcheck: { test: [CMD, 'true'], interval: 1m30s, timeout: 10s, retries: 3, start_period: 40s, start_interval: 500ms }";
  const text = good.replace("stop_grace_period: 2s", `stop_grace_period: 1m30s\n    ${check}`);
  expect(serviceNamed(load(text), "gateway")).toMatchObject({
    stopGraceMs: 90_000,
    compose: { healthcheck: { interval: 90_000, start_period: 40_000, start_interval: 500 } },
  });
  const off = good.replace("stop_grace_period: 2s", "healthcheck: { disable: true }");
  expect(serviceNamed(load(off), "gateway").compose.healthcheck).toEqual({ disable: true });
});

describe("a project that someone else has brought up", () => {
  const attach = (fields: string, environment: NodeJS.ProcessEnv = {}, more = "") => {
    const file = join(temporaryFolder(), "compose.yaml");
    writeFileSync(
      file,
      `services:\n  api:\n    image: node:24-slim\n${fields}\n    x-lab: { role: other, probe: { http: / } }\n${more}`,
    );
    return serviceNamed(loadStack(file, environment, "attached"), "api");
  };
  const ports = '    ports: ["127.0.0.1:28080:8080"]\n';

  test.each([
    [
      "a dependency with restart and required",
      `${ports}    depends_on: { db: { condition: service_healthy, restart: true, required: false } }`,
    ],
    ["a dependency of another file", `${ports}    depends_on: [elsewhere]`],
    ["a range of ports", '    ports: ["127.0.0.1:28080:8080", "3000-3002:3000-3002"]'],
    ["UDP", '    ports: ["53:53/udp", "28080:8080"]'],
    [
      "long ports with names",
      "    ports: [{ target: 8080, published: '28080', protocol: tcp, name: web, app_protocol: http }]",
    ],
    ["another value where a variable is set", `${ports}    command: [node, "\${DEBUG:+--inspect}", a.js]`],
    ["a required variable that is not set here", `${ports}    environment: { KEY: "\${API_KEY:?set it}" }`],
    ["a use of a variable that only compose knows", `${ports}    command: "\${!x}"`],
    [
      "any field at all",
      `${ports}    env_file: .env\n    profiles: [web]\n    deploy: { replicas: 2 }\n    secrets: [a]`,
    ],
  ])("may use %s", (_what, fields) => {
    expect(attach(fields).port).toMatchObject({ hostPort: 28_080, containerPort: 8080 });
  });

  test("keeps its container's port where the host's is a variable that is not set here", () => {
    const text = `    ports: ["\${HOST_PORT:?which}:8080"]`;
    expect(attach(text).port).toEqual({ hostAddress: "0.0.0.0", hostPort: 0, containerPort: 8080 });
  });

  test("is still refused for what is wrong in x-lab", () => {
    expect(() => attach(ports, {}, "x-lab: { links: [{ name: a }] }\n")).toThrow(/x-lab\.links\[0\]/);
    const token = `services: { api: { x-lab: { role: other, probe: { tcp: true }, token: '\${TOKEN:?which}' } } }\n`;
    const file = join(temporaryFolder(), "compose.yaml");
    writeFileSync(file, token);
    expect(() => loadStack(file, {}, "attached")).toThrow(/TOKEN is not set: which/);
  });
});

test("a scenario, or a zip, in the place of a stack file is named", () => {
  expect(problemsOf("id: a\nsteadyState: []\nmethod: []\n")).toBe(
    "compose.yaml:1:1: this is a scenario; it is given to `run`, `plan` and `scenarios validate`",
  );
  expect(problemsOf("PK\u0003\u0004\u0000")).toMatch(/^compose\.yaml:1:1: this is a zip file; /);
});

test("a field of compose that the lab does not bring up is named as that, with what to do; a misspelt one is not", () => {
  const hintOf = (field: string) => {
    try {
      load(good.replace("    image: gateway\n", `    image: gateway\n    ${field}\n`));
    } catch (error) {
      return [(error as Error).message, (error as { hint?: string }).hint];
    }
    return "no error";
  };
  const hint = expect.stringMatching(/`docker compose up -d`, then attach to it with --project NAME/);
  expect(hintOf("env_file: .env")).toEqual([
    expect.stringMatching(/: compose's "env_file" is not supported by the lab's own bring-up$/),
    hint,
  ]);
  expect(hintOf("depends_on: { sidecar: { condition: service_started, restart: true } }")).not.toBe("no error");
  expect(hintOf("volumes: [{ type: bind, source: ., target: /x }]")).toEqual([expect.any(String), hint]);
  expect(hintOf("imagee: x")).toEqual([
    expect.stringMatching(/: unknown field "imagee" \(known fields are image, /),
    hint,
  ]);
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
    [
      "an unknown field at the top",
      `${good}volume:\n  x: {}\n`,
      /^compose\.yaml:24:1: unknown field "volume" \(known fields are services, volumes, networks, /,
    ],
    [
      "an unknown field of a service",
      inGateway("    imagee: x"),
      /^compose\.yaml:11:5: services\.gateway: unknown field "imagee" \(known fields are image, build, .*, x-lab\)$/,
    ],
    [
      "a field that the lab cannot bring up",
      inGateway("    privileged: true"),
      /11:5: services\.gateway: compose's "privileged" is not supported by the lab's own bring-up$/,
    ],
    [
      "an unknown field of x-lab",
      good.replace("role: gateway", "role: gateway\n      colour: red"),
      /x-lab: unknown field "colour" \(known fields are role, probe, endpoint, .*\)$/,
    ],
    [
      "a role that is none",
      good.replace("role: gateway", "role: gatekeeper"),
      /17:13: services\.gateway\.x-lab\.role: expected "gateway", "mcp-server"/,
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
      "a link in two ways at once",
      good.replace("listen:", "port: 80, listen:"),
      /23:7: x-lab\.links\[0\]: expected either port, or listen and upstream$/,
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
    [
      "services that are a list",
      "services: []\n",
      /^compose\.yaml:1:11: services: expected a map of fields, found a list$/,
    ],
    ["nothing", "", /^compose\.yaml:1:1: expected a map of fields, found nothing$/],
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
  for (const { listen, from } of stack.links.filter(isProxied)) {
    expect(
      Object.values(serviceNamed(stack, from).environment).some((value) => value.includes(listen)),
      `${from} ${listen}`,
    ).toBe(true);
  }
});
