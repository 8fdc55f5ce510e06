import type { HealthStatus } from "../../model/lab-event.ts";
import type { ProbeResult } from "../health/probe.ts";
import type { JournaledFault } from "../journal/fault-journal.ts";
import { LabError } from "../lab-error.ts";
import { abortWhenGone } from "./abort-when-gone.ts";
import type { UndoTarget } from "./undo-target.ts";

/** A service that is not up after this time counts as not restored. */
const HEALTHY_LIMIT_MS = 20_000;
/**
 * The same for one that was connected to its networks again. Its address may be one that another container had a moment before;
 * Linux sends to that one's hardware address for up to 45 s (1.5 times base_reachable_time of arp(7)), and some for probes.
 */
const RECONNECTED_LIMIT_MS = 60_000;

/**
 * Waits until a service that has just been restored is up, and stops waiting when it has ended again. While another fault
 * is in force, a service that serves and reports itself as degraded is enough: the undo of the last one, and the steady state, demand more.
 * @returns the health that was waited for
 * @throws LabError `unhealthy` when it has ended again or is not up in time; the signal's reason when it aborts first
 */
export async function waitForRecovery(
  service: string,
  { id, kind }: JournaledFault,
  target: UndoTarget,
  signal: AbortSignal,
): Promise<HealthStatus> {
  let reached: HealthStatus = "up";
  let because = "";
  const accepts = ({ status, isServing, reason }: ProbeResult) => {
    reached = status;
    because = `: ${reason}`;
    const isAlone = target.inForce?.().every((other) => other.id === id) ?? true;
    return status === "up" || (isServing === true && !isAlone);
  };
  const limitMs = kind === "disconnect" ? RECONNECTED_LIMIT_MS : HEALTHY_LIMIT_MS;
  const late = AbortSignal.timeout(limitMs);
  const gone = new AbortController();
  const settled = new AbortController();
  const watching = abortWhenGone(service, target, gone, settled.signal);
  try {
    await target.waitUntilUp(service, AbortSignal.any([signal, late, gone.signal]), accepts);
    return reached;
  } catch (error) {
    if (signal.aborted) throw error;
    if (gone.signal.aborted) throw new LabError("unhealthy", `${service} ended again before it was up`);
    if (!late.aborted) throw error;
    throw new LabError("unhealthy", `${service} was not up within ${limitMs / 1000} s${because}`);
  } finally {
    settled.abort();
    await watching;
  }
}
