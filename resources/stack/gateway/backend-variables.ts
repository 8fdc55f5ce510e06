/** The backends' part of the configuration. */
import type { EnvironmentReader } from "../http/environment.ts";
import { isObject, parseJson } from "../http/json.ts";
import type { BackendSettings } from "./backends/backend-settings.ts";
import type { ConflictStrategy } from "./backends/conflicts/conflict-strategy.ts";
import { manualStrategy } from "./backends/conflicts/manual.ts";
import { prefixStrategy } from "./backends/conflicts/prefix.ts";
import { priorityStrategy } from "./backends/conflicts/priority.ts";
import type { Protection } from "./protections.ts";

/** `BACKENDS=name=url,...`, and for each of them what `BACKEND_<NAME>_...` sets. */
export function readBackends(environment: EnvironmentReader, off: ReadonlySet<Protection>): BackendSettings[] {
  const example = "BACKENDS=payments=http://127.0.0.1:8421/mcp";
  const backends: BackendSettings[] = [];
  for (const entry of environment.list("BACKENDS")) {
    const [, name, url] = /^([A-Za-z0-9_-]+)=(.+)$/.exec(entry) ?? [];
    const protocol = url === undefined ? undefined : URL.parse(url)?.protocol;
    if (!name || !url || (protocol !== "http:" && protocol !== "https:")) {
      environment.problem(`BACKENDS has ${JSON.stringify(entry)}: expected name=http://..., for example ${example}`);
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
  const token = environment.optionalString(own("TOKEN"));
  return {
    name,
    url,
    transport: "streamable-http",
    headers: {
      ...readHeaders(environment, own("HEADERS")),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    sharesSession:
      environment.oneOf(own("SESSIONS"), ["client", "shared"], "client") === "shared" || off.has("client-sessions"),
    trustsHints: environment.oneOf(own("TRUST_HINTS"), ["yes", "no"], "no") === "yes",
    retryShare: off.has("retry-budget")
      ? undefined
      : environment.integer("RETRY_BUDGET", { fallback: 10, min: 0, max: 100 }) / 100,
    bulkheadLimit: off.has("bulkhead")
      ? undefined
      : environment.integer("BULKHEAD_LIMIT", { fallback: 128, min: 1, max: 10_000 }),
    health: off.has("health-monitor")
      ? undefined
      : {
          intervalMs: duration("HEALTH_INTERVAL", "30s"),
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

/** A JSON object of texts. The values are not printed: they may be credentials. */
function readHeaders(environment: EnvironmentReader, variable: string): Record<string, string> {
  const text = environment.optionalString(variable);
  if (text === undefined) return {};
  const value = parseJson(text);
  const isHeaders =
    isObject(value) &&
    Object.entries(value).every(
      ([name, each]) => /^[\w!#$%&'*+.^`|~-]+$/.test(name) && typeof each === "string" && /^[\t\x20-\x7e]*$/.test(each),
    );
  if (isHeaders) return value as Record<string, string>;
  environment.problem(`${variable} is no JSON object of header texts, for example ${variable}={"x-team":"support"}`);
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
