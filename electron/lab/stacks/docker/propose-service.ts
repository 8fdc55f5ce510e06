import type { ProbeSpec } from "../../health/probe-spec.ts";
import type { Role } from "../stack-schema.ts";
import type { Greeting } from "./port-greeting.ts";
import type { FoundService } from "./project-services.ts";

/** What the lab takes a service for, until a person says better. In the vocabulary of `x-lab`. */
export interface ProposedService {
  role: Role;
  probe: ProbeSpec;
  endpoint?: string;
  port?: number;
}

export interface Proposal {
  lab: ProposedService;
  /** Of one that is taken for nothing in particular: a port that accepts connections and did not answer in time. */
  lateAt: number | undefined;
}

export interface GreetedService extends FoundService {
  /** By the port inside; only of ports that could be reached. */
  greetings: ReadonlyMap<number, Greeting>;
}

const DATABASES =
  /(?:^|\/)(?:postgres|postgis|pgvector|timescaledb|mysql|mariadb|redis|valkey|keydb|mongo|mongodb|memcached|qdrant|chroma|weaviate|milvus|neo4j|clickhouse(?:-server)?|elasticsearch|opensearch|minio|cockroach|etcd)(?:[-_:@]|$)/;
const GATEWAY = /gateway|proxy|\bhub\b|router|broker|toolhive|vmcp|aggregat/;
const AGENT = /agent|assistant|\bbot\b|copilot/;
const APPROVALS = /slack|approv|lark|teams-webhook/;

/** Proposes a role and a probe for each service, in their order. Their dependencies tell gateways from servers. */
export function proposeServices(services: readonly GreetedService[]): Map<string, Proposal> {
  const isMcp = new Set(services.filter((each) => mcpPort(each) !== undefined).map(({ name }) => name));
  return new Map(
    services.map((service) => {
      const lab = propose(service, isMcp);
      return [service.name, { lab, lateAt: lab.role === "other" ? latePort(service) : undefined }];
    }),
  );
}

function latePort({ greetings }: GreetedService): number | undefined {
  return [...greetings].find(([, greeting]) => "isLate" in greeting && greeting.isLate)?.[0];
}

function propose(service: GreetedService, isMcp: ReadonlySet<string>): ProposedService {
  const mcp = mcpPort(service);
  if (mcp !== undefined) {
    const others = Object.keys(service.dependsOn).some((name) => isMcp.has(name));
    const role = others || GATEWAY.test(namesOf(service)) ? "gateway" : "mcp-server";
    // Behind a token that only a person can name (x-lab.headers).
    const probe: ProbeSpec = mcp.greeting.speaks === "mcp" ? { mcp: mcp.greeting.path } : { tcp: true };
    return { role, probe, endpoint: mcp.greeting.path, port: mcp.port };
  }
  const role = roleOf(service);
  const port = answeringPort(service) ?? service.ports[0]?.inside;
  // By its name it speaks MCP, and only did not answer in time, or not yet: a probe will tell.
  if ((role === "gateway" || role === "mcp-server") && port !== undefined) {
    return { role, probe: { mcp: MCP_PATH }, endpoint: MCP_PATH, port };
  }
  return { role, ...probeOf(service) };
}

const MCP_PATH = "/mcp";

function answeringPort({ greetings }: GreetedService): number | undefined {
  return [...greetings].find(([, { speaks }]) => speaks !== "nothing")?.[0];
}

function roleOf(service: GreetedService): Role {
  const speaksPostgres = [...service.greetings.values()].some(({ speaks }) => speaks === "postgres");
  if (speaksPostgres || DATABASES.test(service.image)) return "database";
  const names = namesOf(service);
  if (APPROVALS.test(names)) return "approval-channel";
  if (AGENT.test(names)) return "agent";
  if (/\bmcp\b/.test(names)) return GATEWAY.test(names) ? "gateway" : "mcp-server";
  return "other";
}

/** The container's own health check knows best; else the first port that answers, by what it speaks. */
function probeOf(service: GreetedService): Pick<ProposedService, "probe" | "port"> {
  const http = [...service.greetings].find(([, { speaks }]) => speaks === "http");
  const port = http?.[0] ?? answeringPort(service);
  if (port === undefined) return { probe: { container: true } };
  if (service.hasHealthCheck) return { probe: { container: true }, port };
  return { probe: http?.[1].speaks === "http" ? { http: http[1].path } : { tcp: true }, port };
}

type McpGreeting = Extract<Greeting, { speaks: `mcp${string}` }>;

function mcpPort({ greetings }: GreetedService): { port: number; greeting: McpGreeting } | undefined {
  for (const speaks of ["mcp", "mcp, authorised"] as const) {
    for (const [port, greeting] of greetings) if (greeting.speaks === speaks) return { port, greeting };
  }
  return undefined;
}

/** Separated, so that whole words can be asked for: names are joined by dashes, slashes and underscores. */
function namesOf({ name, image, command }: FoundService): string {
  return [name, image, ...command.slice(0, 3)]
    .join(" ")
    .toLowerCase()
    .replaceAll(/[-_/:.]+/g, " ");
}
