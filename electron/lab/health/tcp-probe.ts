import { once } from "node:events";
import { connect } from "node:net";
import type { Duplex } from "node:stream";
import type { ProbeMethod, Verdict } from "./probe-method.ts";

/** A service that accepts a connection is up. */
export function tcpProbe(dial: (signal: AbortSignal) => Promise<Duplex>): ProbeMethod {
  return { check: async (signal) => accepting(await dial(signal)) };
}

function accepting(connection: Duplex): Verdict {
  connection.destroy();
  return { status: "up", reason: "accepts connections" };
}

export async function dialTcp(address: string, signal: AbortSignal): Promise<Duplex> {
  const at = address.lastIndexOf(":");
  const socket = connect({ host: address.slice(0, at), port: Number(address.slice(at + 1)), signal });
  await once(socket, "connect");
  return socket;
}
