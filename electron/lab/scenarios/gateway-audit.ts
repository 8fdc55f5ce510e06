import { parseJson } from "../../model/json.ts";
import type { RunContext } from "./run-context.ts";

/** What the gateway's health endpoint reports about the rows that it writes; undefined where it reports nothing. */
export interface GatewayAudit {
  /** Decisions not yet in the log. */
  pending: number | undefined;
  /** Dropped since the gateway started, because it ran out of space. */
  dropped: number | undefined;
  /** Ends of calls not yet in their table. */
  pendingEnds?: number | undefined;
  /** Changes of backends not yet in their table. */
  pendingChanges?: number | undefined;
}

/** @throws the signal's reason when it aborts */
export async function gatewayAudit(context: RunContext, signal: AbortSignal): Promise<GatewayAudit | "unreachable"> {
  const gateway = context.stack.stack.services.find(({ role }) => role === "gateway");
  if (gateway === undefined || !("http" in gateway.probe)) return { pending: undefined, dropped: undefined };
  try {
    const response = await fetch(context.url(gateway.name, gateway.probe.http), { signal });
    // What is no JSON is the health of a gateway that reports nothing of this.
    const { audit, calls, backendChanges } = (parseJson(await response.text()) ?? {}) as {
      audit?: { pending?: unknown; dropped?: unknown };
      calls?: { pending?: unknown };
      backendChanges?: { pending?: unknown };
    };
    return {
      pending: numberOf(audit?.pending),
      dropped: numberOf(audit?.dropped),
      pendingEnds: numberOf(calls?.pending),
      pendingChanges: numberOf(backendChanges?.pending),
    };
  } catch {
    signal.throwIfAborted();
    return "unreachable";
  }
}

function numberOf(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}
