import { Agent, request } from "node:http";
import { connect } from "node:net";
import pg from "pg";
import type { HealthStatus } from "../events/lab-event.ts";
import { messageOf } from "../lab-error.ts";
import type { ProbeSpec } from "../stack/stack-schema.ts";

export interface ProbeResult {
  status: HealthStatus;
  reason: string;
  latencyMs: number;
}

export const PROBE_LIMIT_MS = 750;
const MAX_BODY_BYTES = 256 * 1024;

/** Looks at one service, again and again, over connections that it keeps. */
export interface Probe {
  look(signal: AbortSignal): Promise<ProbeResult>;
  close(): Promise<void>;
}

/** One keep-alive pool for all HTTP and MCP probes of the process. */
const agent = new Agent({ keepAlive: true, maxSockets: 2, timeout: 30_000 });

type Verdict = Pick<ProbeResult, "status" | "reason">;

/** `address` is host:port; it stands for `{address}` in a postgres URL. */
export function makeProbe(spec: ProbeSpec, address: string): Probe {
  if ("http" in spec) return timed((signal) => lookHttp(`http://${address}${spec.http}`, signal));
  if ("mcp" in spec) return timed((signal) => lookMcp(`http://${address}${spec.mcp}`, signal));
  if ("tcp" in spec) return timed((signal) => lookTcp(address, signal));
  const database = postgresLook(spec.postgres.replace("{address}", address));
  return timed(database.look, database.close);
}

function timed(look: (signal: AbortSignal) => Promise<Verdict>, close: () => Promise<void> = async () => {}): Probe {
  return {
    close,
    async look(signal) {
      const startedMs = performance.now();
      const limit = AbortSignal.timeout(PROBE_LIMIT_MS);
      const verdict = await look(AbortSignal.any([signal, limit])).catch((error: unknown): Verdict => {
        if (limit.aborted) return { status: "down", reason: `no answer within ${PROBE_LIMIT_MS} ms` };
        return { status: "down", reason: messageOf(error) };
      });
      return { ...verdict, latencyMs: performance.now() - startedMs };
    },
  };
}

async function lookHttp(url: string, signal: AbortSignal): Promise<Verdict> {
  const { status, body } = await exchange(url, { method: "GET" }, undefined, signal);
  if (status < 200 || status > 299) return { status: "degraded", reason: `answers HTTP ${status}` };
  const health = readJson(body);
  if (health?.status !== "degraded") return { status: "up", reason: `answers HTTP ${status}` };
  const reasons = Array.isArray(health.reasons) ? health.reasons.join("; ") : "";
  return { status: "degraded", reason: reasons || "says that it is degraded" };
}

/** Refusals of a ping that has no session, no token or no accepted version. A 404 is a wrong path. */
const SPEAKS_WITHOUT_SESSION = [400, 401, 405, 406];

/** A server that speaks MCP answers a ping without a session with 200, or refuses it for want of one: both are life. */
async function lookMcp(url: string, signal: AbortSignal): Promise<Verdict> {
  const headers = { "content-type": "application/json", accept: "application/json, text/event-stream" };
  const ping = JSON.stringify({ jsonrpc: "2.0", id: 0, method: "ping" });
  const { status } = await exchange(url, { method: "POST", headers }, ping, signal);
  const speaks = status === 200 || SPEAKS_WITHOUT_SESSION.includes(status);
  return { status: speaks ? "up" : "degraded", reason: `answers HTTP ${status}` };
}

function lookTcp(address: string, signal: AbortSignal): Promise<Verdict> {
  const at = address.lastIndexOf(":");
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address.slice(0, at), port: Number(address.slice(at + 1)), signal });
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.destroy();
      resolve({ status: "up", reason: "accepts connections" });
    });
  });
}

function postgresLook(connectionString: string) {
  let client: pg.Client | undefined;
  const close = async (): Promise<void> => {
    const old = client;
    client = undefined;
    await old?.end().catch(() => {});
  };
  const look = async (signal: AbortSignal): Promise<Verdict> => {
    const stop = Promise.withResolvers<never>();
    const onAbort = () => stop.reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    stop.promise.catch(() => {});
    try {
      if (client === undefined) {
        const fresh = new pg.Client({ connectionString, connectionTimeoutMillis: PROBE_LIMIT_MS });
        fresh.on("error", () => {
          if (client === fresh) client = undefined; // lost: the next look tries a new one
        });
        client = fresh;
        await Promise.race([fresh.connect(), stop.promise]);
      }
      await Promise.race([client.query("SELECT 1"), stop.promise]);
      return { status: "up", reason: "answers queries" };
    } catch (error) {
      void close();
      throw error;
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  };
  return { look, close };
}

interface Exchange {
  status: number;
  body: string;
}

/** One HTTP exchange. A kept connection that the server had closed is no sign of ill health: it is tried once more. */
async function exchange(
  url: string,
  options: { method: string; headers?: Record<string, string> },
  body: string | undefined,
  signal: AbortSignal,
): Promise<Exchange> {
  const once = () =>
    new Promise<Exchange>((resolve, reject) => {
      const outgoing = request(url, { ...options, agent, signal }, (response) => {
        const chunks: Buffer[] = [];
        let bytes = 0;
        response.on("data", (chunk: Buffer) => {
          bytes += chunk.length;
          if (bytes <= MAX_BODY_BYTES) chunks.push(chunk);
          else response.destroy(new Error(`answers with more than ${MAX_BODY_BYTES / 1024} KiB`));
        });
        response.once("error", reject);
        response.once("end", () =>
          resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString("utf8") }),
        );
      });
      outgoing.once("error", (error) => reject(Object.assign(error, { reused: outgoing.reusedSocket })));
      outgoing.end(body);
    });
  try {
    return await once();
  } catch (error) {
    if (signal.aborted || !(error instanceof Error && "reused" in error && error.reused)) throw error;
    return once();
  }
}

function readJson(body: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
