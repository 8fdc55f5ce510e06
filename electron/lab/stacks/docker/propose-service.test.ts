import { expect, test } from "vitest";
import type { Greeting } from "./port-greeting.ts";
import type { FoundService } from "./project-services.ts";
import { type GreetedService, proposeServices } from "./propose-service.ts";

function service(
  name: string,
  image: string,
  more: Partial<FoundService> & { greets?: [number, Greeting][] } = {},
): GreetedService {
  const { greets = [], ...rest } = more;
  const found = {
    name,
    image,
    command: [],
    environment: [],
    aliases: [],
    containers: [],
    linked: [],
    ports: [],
    addresses: [],
    dependsOn: {},
    hasHealthCheck: false,
    replicas: 1,
  };
  return { ...found, ...rest, greetings: new Map(greets) };
}

function roleOf(...services: GreetedService[]) {
  return Object.fromEntries([...proposeServices(services)].map(([name, { lab }]) => [name, lab.role]));
}

const mcp: [number, Greeting][] = [[8080, { speaks: "mcp", path: "/mcp" }]];

test.each([
  ["postgres:18", "database"],
  ["pgvector/pgvector:pg17", "database"],
  ["docker.io/library/redis:7-alpine", "database"],
  ["qdrant/qdrant:v1.15", "database"],
  ["bitnami/mongodb", "database"],
  ["acme/postgres-exporter-ui", "database"],
  ["otel/opentelemetry-collector", "other"],
  ["ghcr.io/acme/support-agent", "agent"],
  ["ghcr.io/acme/slack-notifier", "approval-channel"],
])("a service of %s that says nothing is taken for: %s", (image, role) => {
  expect(roleOf(service("it", image))).toEqual({ it: role });
});

test("what answers an MCP handshake is a server, or a gateway by its name or by what it depends on", () => {
  expect(
    roleOf(
      service("front", "acme/front", { greets: mcp, dependsOn: { tickets: "service_started" } }),
      service("tickets", "acme/tickets", { greets: mcp }),
      service("mcp-hub", "acme/mcp-hub", { greets: mcp }),
      service("git", "mcp/git", { greets: mcp, dependsOn: { store: "service_healthy" } }),
      service("store", "postgres:18"),
    ),
  ).toEqual({ front: "gateway", tickets: "mcp-server", "mcp-hub": "gateway", git: "mcp-server", store: "database" });
});

test("a probe is the best that the service offers, and needs no port where it has none", () => {
  const http: [number, Greeting][] = [[80, { speaks: "http", path: "/healthz", isLate: false }]];
  const proposals = proposeServices([
    service("a", "acme/a", { greets: mcp }),
    service("b", "acme/b", { greets: [[8080, { speaks: "mcp, authorised", path: "/mcp" }]] }),
    service("c", "acme/c", { greets: http }),
    service("d", "acme/d", { greets: http, hasHealthCheck: true }),
    service("e", "acme/e", { greets: [[9, { speaks: "tcp", isLate: false }]] }),
    service("f", "acme/f"),
    service("slow-mcp-server", "acme/g", { greets: [[7, { speaks: "tcp", isLate: true }]] }),
  ]);
  expect([...proposals.values()].map(({ lab: { probe, port } }) => ({ probe, port }))).toEqual([
    { probe: { mcp: "/mcp" }, port: 8080 },
    { probe: { tcp: true }, port: 8080 },
    { probe: { http: "/healthz" }, port: 80 },
    { probe: { container: true }, port: 80 },
    { probe: { tcp: true }, port: 9 },
    { probe: { container: true }, port: undefined },
    { probe: { mcp: "/mcp" }, port: 7 },
  ]);
});

test("what accepts connections and did not answer in time is said to have done so, and not only taken for other", () => {
  const proposals = proposeServices([
    service("silent", "acme/a", { greets: [[9, { speaks: "tcp", isLate: true }]] }),
    service("half", "acme/b", { greets: [[80, { speaks: "http", path: "/health", isLate: true }]] }),
    service("quick", "acme/c", { greets: [[9, { speaks: "tcp", isLate: false }]] }),
    service("store", "postgres:18", { greets: [[5432, { speaks: "tcp", isLate: true }]] }),
  ]);
  expect([...proposals].map(([name, { lab, lateAt }]) => [name, lab.role, lateAt])).toEqual([
    ["silent", "other", 9],
    ["half", "other", 80],
    ["quick", "other", undefined],
    ["store", "database", undefined],
  ]);
});
