import { isObject, parseJson } from "../../model/json.ts";
import { exchange } from "./http-exchange.ts";
import type { McpEndpoint } from "./mcp-endpoint.ts";
import type { ProbeMethod, Verdict } from "./probe-method.ts";

/** A service that answers 2xx is up, unless it says in JSON that it is degraded. */
export function httpProbe(url: string, headers: McpEndpoint["headers"]): ProbeMethod {
  return { check: (signal) => checkHttp(url, headers, signal) };
}

async function checkHttp(url: string, headers: McpEndpoint["headers"], signal: AbortSignal): Promise<Verdict> {
  const { status, body } = await exchange(url, { method: "GET", headers: { ...headers } }, signal);
  if (status < 200 || status > 299) return { status: "degraded", reason: `answers HTTP ${status}` };
  const health = parseJson(body);
  if (!isObject(health) || health.status !== "degraded") return { status: "up", reason: `answers HTTP ${status}` };
  const reasons = Array.isArray(health.reasons) ? health.reasons.join("; ") : "";
  return { status: "degraded", reason: reasons || "says that it is degraded", isServing: true };
}
