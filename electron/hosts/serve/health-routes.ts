import type { Lab } from "../../lab/lab.ts";
import { ENDED_RUNS_KEPT } from "../../lab/queue/queue-worker.ts";
import { QUEUED_RUNS_LIMIT } from "../../lab/queue/submit-run.ts";
import { LAB_VERSION } from "../../lab/version.ts";
import type { ApiRoute } from "./api-route.ts";

const WORKER_SEEN_MS = 30_000;
const PROBE_LIMIT_MS = 5_000;

/** @param openLab of the data folder, for the stack that was left up in it */
export function healthRoutes(openLab: () => Promise<Lab>): readonly ApiRoute[] {
  return [
    {
      method: "GET",
      path: "/api/health",
      summary: "The server answers; its storage and its workers as far as they can be asked.",
      statuses: { 200: "always" },
      async handle({ optionalStorage }) {
        if (optionalStorage === undefined) return { data: { status: "ok", version: LAB_VERSION, storage: "none" } };
        const { queue } = optionalStorage;
        const asked = await Promise.all([queue.counts(), queue.workers(WORKER_SEEN_MS)]).catch(() => undefined);
        if (asked === undefined) return { data: { status: "ok", version: LAB_VERSION, storage: "unreachable" } };
        const [runs, workers] = asked;
        const limits = { queuedRuns: QUEUED_RUNS_LIMIT, endedRunsKept: ENDED_RUNS_KEPT };
        return { data: { status: "ok", version: LAB_VERSION, storage: "reachable", runs, limits, workers } };
      },
    },
    {
      method: "GET",
      path: "/api/stack-health",
      summary: "The services of the stack that is up in the data folder, each as probed now.",
      statuses: { 200: "the services; none when no stack is up" },
      async handle() {
        const lab = await openLab();
        const services = await lab.withStack(async (running) => {
          const probed = (running?.stack.services ?? []).map(async ({ name, role }) => {
            const health = await running?.health
              .checkNow(name, AbortSignal.timeout(PROBE_LIMIT_MS))
              .catch(() => undefined);
            const { status = "unknown", reason = "it did not answer", latencyMs = null } = health ?? {};
            return { name, role, status, reason, latencyMs };
          });
          return Promise.all(probed);
        });
        return { data: { services } };
      },
    },
  ];
}
