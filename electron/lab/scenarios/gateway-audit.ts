import type { RunContext } from "./run-context.ts";

/** What the gateway tells in its health of the rows that it writes; undefined where it does not tell. */
export interface GatewayAudit {
  /** Decisions that are not in the log yet. */
  pending: number | undefined;
  /** Since the gateway started: given up for good, for want of space. */
  dropped: number | undefined;
  /** Ends of calls that are not in their table yet. */
  pendingEnds?: number | undefined;
}

/** @throws the signal's reason when it aborts */
export async function gatewayAudit(context: RunContext, signal: AbortSignal): Promise<GatewayAudit | "unreachable"> {
  const gateway = context.stack.stack.services.find(({ role }) => role === "gateway");
  if (gateway === undefined || !("http" in gateway.probe)) return { pending: undefined, dropped: undefined };
  try {
    const response = await fetch(context.url(gateway.name, gateway.probe.http), { signal });
    const { audit, calls } = (await response.json()) as {
      audit?: { pending?: unknown; dropped?: unknown };
      calls?: { pending?: unknown };
    };
    return {
      pending: numberOf(audit?.pending),
      dropped: numberOf(audit?.dropped),
      pendingEnds: numberOf(calls?.pending),
    };
  } catch {
    signal.throwIfAborted();
    return "unreachable";
  }
}

function numberOf(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}
