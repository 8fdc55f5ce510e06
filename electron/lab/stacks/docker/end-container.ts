import { setTimeout as delay } from "node:timers/promises";
import type Dockerode from "dockerode";
import { ask } from "./engine-error.ts";

/** A sidecar removes its rules within this time; after it it is killed, and its rules are removed by another container. */
const STOP_GRACE_S = 3;
/** An engine that has not removed it by then is not waited for: the rules of a sidecar are then removed by another container. */
const REMOVED_LIMIT_MS = 10_000;

/**
 * Ends a container of the lab's, which the engine removes when it ends, and waits until it is gone. Safe to repeat, in
 * several processes.
 * @returns whether it ended by itself with exit code 0: a sidecar has then removed its rules
 */
export async function endContainer(container: Dockerode.Container): Promise<boolean> {
  const doing = "ending a container of the lab";
  const gone = ask(doing, () => container.wait({ condition: "removed" }), [{ status: 404 }]);
  // A refusal is reported by the calls below.
  gone.catch(() => {});
  await ask(doing, () => container.stop({ t: STOP_GRACE_S }), [{ status: 304 }, { status: 404 }, { status: 409 }]);
  // One that was never started is not removed by its end.
  await ask(doing, () => container.remove({ force: true }), [{ status: 404 }, { status: 409 }]);
  const late = delay(REMOVED_LIMIT_MS, undefined, { ref: false });
  return ((await Promise.race([gone, late])) as { StatusCode: number } | undefined)?.StatusCode === 0;
}
