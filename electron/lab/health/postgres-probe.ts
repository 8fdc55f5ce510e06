import { Socket } from "node:net";
import pg from "pg";
import { orAbort } from "../abort-scope.ts";
import { PROBE_LIMIT_MS, type ProbeMethod, type Verdict } from "./probe-method.ts";
import type { ProbeSpec } from "./probe-spec.ts";

const CLOSE_LIMIT_MS = 1_000;

type PostgresProbe = Extract<ProbeSpec, { postgres: unknown }>["postgres"];

function clientOptions(account: PostgresProbe, address: string): pg.ClientConfig {
  if (typeof account === "string") return { connectionString: account.replace("{address}", address) };
  const at = address.lastIndexOf(":");
  return { ...account, host: address.slice(0, at), port: Number(address.slice(at + 1)) };
}

/** A query on a connection that is kept; one that was lost is opened again by the next check. */
export function postgresProbe(account: PostgresProbe, address: string): ProbeMethod {
  const options = clientOptions(account, address);
  let opened: { client: pg.Client; socket: Socket } | undefined;
  const close = async (): Promise<void> => {
    const old = opened;
    opened = undefined;
    // A server that is frozen does not end its side.
    const limit = setTimeout(() => old?.socket.destroy(), CLOSE_LIMIT_MS);
    await old?.client.end().catch(() => {});
    clearTimeout(limit);
  };
  const check = async (signal: AbortSignal): Promise<Verdict> => {
    try {
      if (opened === undefined) {
        const socket = new Socket();
        const client = new pg.Client({ ...options, connectionTimeoutMillis: PROBE_LIMIT_MS, stream: () => socket });
        client.on("error", () => {
          if (opened?.client === client) opened = undefined; // lost: the next check tries a new one
        });
        opened = { client, socket };
        await orAbort(client.connect(), signal);
      }
      await orAbort(opened.client.query("SELECT 1"), signal);
      return { status: "up", reason: "answers queries" };
    } catch (error) {
      void close();
      throw error;
    }
  };
  return { check, close };
}
