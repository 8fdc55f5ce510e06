import { once } from "node:events";
import { connect } from "node:net";
import type { Duplex } from "node:stream";
import pg from "pg";
import { isObject, parseJson } from "../../model/json.ts";
import { orAbort } from "../abort-scope.ts";
import { messageOf } from "../lab-error.ts";
import { exchange } from "./http-exchange.ts";
import type { McpEndpoint } from "./mcp-endpoint.ts";
import { McpProbe } from "./mcp-probe.ts";
import type { ProbeMethod, Verdict } from "./probe-method.ts";
import type { ProbeSpec } from "./probe-spec.ts";

export interface ProbeResult extends Verdict {
  latencyMs: number;
}

export const PROBE_LIMIT_MS = 750;

/** Checks one service repeatedly, over connections that it keeps. */
export interface Probe {
  check(signal: AbortSignal): Promise<ProbeResult>;
  close(): Promise<void>;
}

/** A probe that asks the service itself. */
export type AskedProbe = Exclude<ProbeSpec, { container: true }>;

/**
 * @param address host:port; replaces `{address}` in a postgres URL
 * @param headers sent with each request over HTTP
 * @param dial connects to the service, where a connection to the address tells nothing of it
 */
export function makeProbe(
  spec: AskedProbe,
  address: string,
  headers: McpEndpoint["headers"] = {},
  dial: (signal: AbortSignal) => Promise<Duplex> = (signal) => dialTcp(address, signal),
): Probe {
  if ("http" in spec) return timed({ check: (signal) => checkHttp(`http://${address}${spec.http}`, headers, signal) });
  if ("mcp" in spec) return timed(new McpProbe({ url: `http://${address}${spec.mcp}`, headers }));
  if ("tcp" in spec) return timed({ check: async (signal) => accepting(await dial(signal)) });
  return timed(postgresCheck(clientOptions(spec.postgres, address)));
}

function timed(method: ProbeMethod): Probe {
  return {
    close: async () => method.close?.(),
    async check(signal) {
      const startedMs = performance.now();
      const limit = AbortSignal.timeout(PROBE_LIMIT_MS);
      const verdict = await method.check(AbortSignal.any([signal, limit])).catch((error: unknown): Verdict => {
        if (limit.aborted) return { status: "down", reason: `no answer within ${PROBE_LIMIT_MS} ms` };
        return { status: "down", reason: messageOf(error) };
      });
      return { ...verdict, latencyMs: performance.now() - startedMs };
    },
  };
}

async function checkHttp(url: string, headers: McpEndpoint["headers"], signal: AbortSignal): Promise<Verdict> {
  const { status, body } = await exchange(url, { method: "GET", headers: { ...headers } }, signal);
  if (status < 200 || status > 299) return { status: "degraded", reason: `answers HTTP ${status}` };
  const health = parseJson(body);
  if (!isObject(health) || health.status !== "degraded") return { status: "up", reason: `answers HTTP ${status}` };
  const reasons = Array.isArray(health.reasons) ? health.reasons.join("; ") : "";
  return { status: "degraded", reason: reasons || "says that it is degraded", isServing: true };
}

function accepting(connection: Duplex): Verdict {
  connection.destroy();
  return { status: "up", reason: "accepts connections" };
}

async function dialTcp(address: string, signal: AbortSignal): Promise<Duplex> {
  const at = address.lastIndexOf(":");
  const socket = connect({ host: address.slice(0, at), port: Number(address.slice(at + 1)), signal });
  await once(socket, "connect");
  return socket;
}

type PostgresProbe = Extract<ProbeSpec, { postgres: unknown }>["postgres"];

function clientOptions(account: PostgresProbe, address: string): pg.ClientConfig {
  if (typeof account === "string") return { connectionString: account.replace("{address}", address) };
  const at = address.lastIndexOf(":");
  return { ...account, host: address.slice(0, at), port: Number(address.slice(at + 1)) };
}

function postgresCheck(options: pg.ClientConfig): ProbeMethod {
  let client: pg.Client | undefined;
  const close = async (): Promise<void> => {
    const old = client;
    client = undefined;
    await old?.end().catch(() => {});
  };
  const check = async (signal: AbortSignal): Promise<Verdict> => {
    try {
      if (client === undefined) {
        const fresh = new pg.Client({ ...options, connectionTimeoutMillis: PROBE_LIMIT_MS });
        fresh.on("error", () => {
          if (client === fresh) client = undefined; // lost: the next check tries a new one
        });
        client = fresh;
        await orAbort(fresh.connect(), signal);
      }
      await orAbort(client.query("SELECT 1"), signal);
      return { status: "up", reason: "answers queries" };
    } catch (error) {
      void close();
      throw error;
    }
  };
  return { check, close };
}
