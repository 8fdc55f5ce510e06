/** The backends' part of the configuration. */
import type { EnvironmentReader } from "../http/environment.ts";
import { isObject, parseJson } from "../http/json.ts";
import type { BackendSettings } from "./backends/backend-settings.ts";
import type { ConflictStrategy } from "./backends/conflicts/conflict-strategy.ts";
import { manualStrategy } from "./backends/conflicts/manual.ts";
import { prefixStrategy } from "./backends/conflicts/prefix.ts";
import { priorityStrategy } from "./backends/conflicts/priority.ts";
import type { StdioCommand } from "./backends/stdio-upstream.ts";
import type { Connection } from "./backends/transports.ts";
import type { Protection } from "./protections.ts";

/** `BACKENDS=name=url,...`, `stdio:` for a command, and for each of them what `BACKEND_<NAME>_...` sets. */
export function readBackends(environment: EnvironmentReader, off: ReadonlySet<Protection>): BackendSettings[] {
  const example = "BACKENDS=payments=http://127.0.0.1:8421/mcp";
  const backends: BackendSettings[] = [];
  for (const entry of environment.list("BACKENDS")) {
    const [, name, url] = /^([A-Za-z0-9_-]+)=(.+)$/.exec(entry) ?? [];
    const protocol = url === undefined ? undefined : URL.parse(url)?.protocol;
    if (!name || !url || !["http:", "https:", "stdio:"].includes(protocol ?? "")) {
      const expected = "expected name=http://... or name=stdio:";
      environment.problem(`BACKENDS has ${JSON.stringify(entry)}: ${expected}, for example ${example}`);
    } else if (backends.some((backend) => backend.name === name)) {
      environment.problem(`BACKENDS names ${JSON.stringify(name)} twice. Give each backend a name of its own`);
    } else {
      backends.push(readBackend(environment, off, name, url));
    }
  }
  if (environment.optionalString("BACKENDS") === undefined) environment.problem(`BACKENDS is not set. Set ${example}`);
  return backends;
}

function readBackend(
  environment: EnvironmentReader,
  off: ReadonlySet<Protection>,
  name: string,
  url: string,
): BackendSettings {
  const own = (setting: string) => `BACKEND_${name.toUpperCase().replaceAll("-", "_")}_${setting}`;
  const duration = (setting: string, fallback: string) =>
    environment.optionalDurationMs(own(setting), fallback) ?? environment.durationMs(setting, fallback);
  const integer = (setting: string, limits: { fallback: number; min: number; max: number }) =>
    environment.integer(own(setting), { ...limits, fallback: environment.integer(setting, limits) });
  const restarts = off.has("command-restart") ? undefined : { longestPauseMs: duration("RESTART_PAUSE_LIMIT", "30s") };
  return {
    name,
    connection: url.startsWith("stdio:")
      ? readCommand(environment, own, restarts)
      : readTarget(environment, off, own, url),
    deadlineMs: duration("UPSTREAM_DEADLINE", "10s"),
    trustsHints: environment.oneOf(own("TRUST_HINTS"), ["yes", "no"], "no") === "yes",
    repeatsWrites: off.has("write-once"),
    retryBurst: environment.integer("RETRY_BURST", { fallback: 10, min: 1, max: 1_000 }),
    honoursRetryAfter: !off.has("retry-after"),
    retryShare: off.has("retry-budget")
      ? undefined
      : environment.integer("RETRY_BUDGET", { fallback: 10, min: 0, max: 100 }) / 100,
    bulkheadLimit: off.has("bulkhead") ? undefined : integer("BULKHEAD_LIMIT", { fallback: 128, min: 1, max: 10_000 }),
    health: off.has("health-monitor")
      ? undefined
      : {
          intervalMs: duration("HEALTH_INTERVAL", "30s"),
          recheckMs: duration("HEALTH_RECHECK", "100ms"),
          timeoutMs: duration("HEALTH_TIMEOUT", "10s"),
          unhealthyThreshold: environment.integer("UNHEALTHY_THRESHOLD", { fallback: 3, min: 1, max: 1_000 }),
          degradedAfterMs: duration("DEGRADED_AFTER", "5s"),
        },
    circuit: off.has("circuit-breaker")
      ? undefined
      : {
          failureThreshold: environment.integer("CIRCUIT_FAILURE_THRESHOLD", { fallback: 5, min: 1, max: 1_000 }),
          timeoutMs: environment.durationMs("CIRCUIT_TIMEOUT", "60s"),
          windowMs: environment.durationMs("CIRCUIT_WINDOW", "10s"),
          minimumCalls: environment.integer("CIRCUIT_MINIMUM_CALLS", { fallback: 20, min: 1, max: 100_000 }),
          failureRate: environment.integer("CIRCUIT_FAILURE_RATE", { fallback: 50, min: 1, max: 100 }) / 100,
        },
  };
}

function readTarget(
  environment: EnvironmentReader,
  off: ReadonlySet<Protection>,
  own: (setting: string) => string,
  url: string,
): Connection {
  const token = environment.optionalString(own("TOKEN"));
  const isHeader = ([name, text]: [string, string]) =>
    /^[\w!#$%&'*+.^`|~-]+$/.test(name) && /^[\t\x20-\x7e]*$/.test(text);
  return {
    transport: environment.oneOf(own("TRANSPORT"), ["streamable-http", "sse"], "streamable-http"),
    url,
    headers: {
      ...readTexts(environment, own("HEADERS"), isHeader, '{"x-team":"support"}'),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    sharesSession:
      environment.oneOf(own("SESSIONS"), ["client", "shared"], "client") === "shared" || off.has("client-sessions"),
  };
}

function readCommand(
  environment: EnvironmentReader,
  own: (setting: string) => string,
  restarts: StdioCommand["restarts"],
): Connection {
  const variable = own("COMMAND");
  const example = '["node","server.mjs"]';
  const command: unknown = parseJson(environment.string(variable, example) || "[]");
  const isCommand = Array.isArray(command) && command.length > 0 && command.every((part) => typeof part === "string");
  if (!isCommand && environment.optionalString(variable) !== undefined) {
    environment.problem(`${variable} is no JSON array of texts, for example ${variable}=${example}`);
  }
  return {
    transport: "stdio",
    command: isCommand ? (command as [string, ...string[]]) : [""],
    environment: readTexts(environment, own("ENVIRONMENT"), ([name]) => name !== "", '{"API_KEY":"..."}'),
    restarts,
  };
}

/** A JSON object of texts. The values are not printed: they may be credentials. */
function readTexts(
  environment: EnvironmentReader,
  variable: string,
  isValid: (entry: [string, string]) => boolean,
  example: string,
): Record<string, string> {
  const text = environment.optionalString(variable);
  if (text === undefined) return {};
  const value = parseJson(text);
  const isTexts =
    isObject(value) && Object.entries(value).every(([name, each]) => typeof each === "string" && isValid([name, each]));
  if (isTexts) return value as Record<string, string>;
  environment.problem(`${variable} is no JSON object of texts, for example ${variable}=${example}`);
  return {};
}

/** `CONFLICTS`: priority (with PRIORITY_ORDER), prefix (with PREFIX_FORMAT) or manual (with TOOL_NAMES). */
export function readConflicts(environment: EnvironmentReader): ConflictStrategy {
  switch (environment.oneOf("CONFLICTS", ["priority", "prefix", "manual"], "priority")) {
    case "priority": {
      const order = environment.list("PRIORITY_ORDER");
      const configured = environment.list("BACKENDS").map((entry) => entry.split("=", 1)[0] ?? "");
      return priorityStrategy(order.length > 0 ? order : configured);
    }
    case "prefix":
      return prefixStrategy(environment.optionalString("PREFIX_FORMAT") ?? "{backend}_");
    case "manual":
      return manualStrategy(new Map(environment.list("TOOL_NAMES").flatMap((entry) => readName(environment, entry))));
  }
}

function readName(environment: EnvironmentReader, entry: string): [string, string][] {
  const [, tool, name] = /^([A-Za-z0-9_-]+\.[^=]+)=([^=]+)$/.exec(entry) ?? [];
  if (tool && name) return [[tool, name]];
  const example = "TOOL_NAMES=support.delete_customer=delete_support_customer";
  environment.problem(`TOOL_NAMES has ${JSON.stringify(entry)}: expected backend.tool=name, for example ${example}`);
  return [];
}
