import pg from "pg";
import { orAbort } from "../abort-scope.ts";
import { PROBE_LIMIT_MS, type ProbeMethod, type Verdict } from "./probe-method.ts";
import type { ProbeSpec } from "./probe-spec.ts";

type PostgresProbe = Extract<ProbeSpec, { postgres: unknown }>["postgres"];

function clientOptions(account: PostgresProbe, address: string): pg.ClientConfig {
  if (typeof account === "string") return { connectionString: account.replace("{address}", address) };
  const at = address.lastIndexOf(":");
  return { ...account, host: address.slice(0, at), port: Number(address.slice(at + 1)) };
}

/** A query on a connection that is kept; one that was lost is opened again by the next check. */
export function postgresProbe(account: PostgresProbe, address: string): ProbeMethod {
  const options = clientOptions(account, address);
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
