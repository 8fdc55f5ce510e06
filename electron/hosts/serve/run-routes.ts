import { z } from "zod";
import { exportBundle } from "../../lab/bundles/index.ts";
import type { QueuedRun, QueueFilter, QueueState } from "../../lab/history/queue-store.ts";
import { API_STATES, type ApiState, outcomesOf } from "../../lab/queue/run-states.ts";
import { submitRun } from "../../lab/queue/submit-run.ts";
import { type QueueSituation, queueSituation, waitReason } from "../../lab/queue/wait-reason.ts";
import { ApiError } from "./api-error.ts";
import type { ApiRoute, ApiStorage } from "./api-route.ts";
import { camelKeys } from "./camel-keys.ts";
import { EventStream } from "./event-stream.ts";
import { readJson } from "./read-body.ts";
import { streamRun } from "./run-events.ts";
import { toWireResult, toWireRun } from "./wire-run.ts";

const NOT_FOUND = { 404: "no run has the id" };
const WITHOUT_STORAGE = { 503: "there is no storage, or its database cannot be reached" };

const NOTHING: QueueSituation = { workers: [], running: [] };

const submission = z.object({
  runId: z.uuid().optional().describe("Made when absent. The same id with an equal spec gives the run that is there."),
  spec: z.record(z.string(), z.unknown()).describe("A scenario run or a trace evaluation."),
});

const listQuery = z.object({
  status: z.array(z.enum(API_STATES)),
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
  before: z.iso.datetime({ offset: true }).optional(),
});

export const RUN_ROUTES: readonly ApiRoute[] = [
  {
    method: "POST",
    path: "/api/runs",
    summary: "Submit a run. Idempotent by its id.",
    body: submission,
    statuses: {
      202: "submitted, or there already",
      409: "the id has another spec",
      422: "invalid",
      429: "as many runs wait as may",
      ...WITHOUT_STORAGE,
    },
    async handle({ request, storage, wake }) {
      const { queue } = storage();
      const submitted = await submitRun(queue, camelKeys(await readJson(request)));
      if (submitted.is === "conflict") {
        const message = "run_id already exists with a different spec";
        throw new ApiError(409, message, { message, persisted: toWireRun(submitted.persisted) });
      }
      if (submitted.isNew) wake();
      return { status: 202, data: toWireRun(submitted.run) };
    },
  },
  {
    method: "GET",
    path: "/api/runs",
    summary:
      "Runs, newest first, and why those that are queued wait. Their specs are without traces and eval sets: `omittedBytes` of them.",
    query: {
      status: `one of ${API_STATES.join(", ")}; repeatable`,
      limit: "1 to 1000 (100)",
      before: "submitted before this time, ISO 8601",
    },
    statuses: { 200: "the runs", 422: "invalid", ...WITHOUT_STORAGE },
    async handle({ query, storage }) {
      const { status, limit, before } = listQuery.parse({
        status: query.getAll("status"),
        limit: query.get("limit") ?? undefined,
        before: query.get("before") ?? undefined,
      });
      const runs = await storage().queue.list({
        limit,
        isBrief: true,
        ...statesOf(status),
        ...(before === undefined ? {} : { beforeWallMs: Date.parse(before) }),
      });
      // Only queued ones wait for anything.
      const isWaiting = runs.some(({ state }) => state === "queued");
      const situation = isWaiting ? await queueSituation(storage().queue) : NOTHING;
      return { data: runs.map((run) => toWireRun(run, { waits: waitReason(run, situation) })) };
    },
  },
  {
    method: "GET",
    path: "/api/runs/{id}",
    summary: "A run with its whole spec, why it waits, its attempts, and what became of its sinks.",
    statuses: { 200: "the run", ...NOT_FOUND, ...WITHOUT_STORAGE },
    async handle({ id, storage }) {
      const { queue } = storage();
      const run = await known(id, storage());
      const [attempts, deliveries, situation] = await Promise.all([
        queue.attempts(id),
        queue.deliveries(id),
        run.state === "queued" ? queueSituation(queue) : NOTHING,
      ]);
      return { data: toWireRun(run, { attempts, deliveries, waits: waitReason(run, situation) }) };
    },
  },
  {
    method: "GET",
    path: "/api/runs/{id}/results",
    summary: "The results of a run.",
    statuses: { 200: "the results", ...NOT_FOUND, ...WITHOUT_STORAGE },
    async handle({ id, storage }) {
      await known(id, storage());
      return { data: (await storage().queue.results(id)).map(toWireResult) };
    },
  },
  {
    method: "GET",
    path: "/api/runs/{id}/events",
    summary: "Events of a run as they happen, resumable by Last-Event-ID.",
    produces: "text/event-stream",
    statuses: { 200: "the events", ...NOT_FOUND, ...WITHOUT_STORAGE },
    async handle({ id, request, response, storage }) {
      await known(id, storage());
      const stream = new EventStream(response);
      const after = request.headers["last-event-id"];
      await streamRun(id, storage(), stream, typeof after === "string" ? after : undefined);
      stream.end();
      return undefined;
    },
  },
  {
    method: "GET",
    path: "/api/runs/{id}/bundle",
    summary: "The recorded runs of all attempts as one bundle.",
    produces: "application/zip",
    statuses: { 200: "the bundle", 409: "it has nothing recorded, or has not ended", ...NOT_FOUND, ...WITHOUT_STORAGE },
    async handle({ id, response, storage }) {
      const { queue, history } = storage();
      const run = await known(id, storage());
      const runIds = (await queue.attempts(id)).flatMap(({ historyRuns }) => historyRuns);
      if (run.state !== "ended") throw new ApiError(409, "the run has not ended");
      if (runIds.length === 0) throw new ApiError(409, "nothing was recorded for the run");
      response.setHeader("content-type", "application/zip");
      response.setHeader("content-disposition", `attachment; filename="run-${id}.zip"`);
      await exportBundle({ history, runIds, stream: response });
      return undefined;
    },
  },
  {
    method: "POST",
    path: "/api/runs/{id}/cancel",
    summary: "Cancel a run: at once while it is queued, at the next boundary while it runs.",
    statuses: { 200: "the run as it is now", ...NOT_FOUND, ...WITHOUT_STORAGE },
    async handle({ id, storage }) {
      const run = await storage().queue.cancel(id);
      if (run === undefined) throw new ApiError(404, `no run has the id ${id}`);
      return { data: toWireRun(run) };
    },
  },
];

async function known(id: string, { queue }: ApiStorage): Promise<QueuedRun> {
  const run = await queue.get(id);
  if (run === undefined) throw new ApiError(404, `no run has the id ${id}`);
  return run;
}

/** None given: all. */
function statesOf(wanted: readonly ApiState[]): Pick<QueueFilter, "states" | "outcomes"> {
  if (wanted.length === 0) return {};
  const outcomes = outcomesOf(wanted);
  const open = (["queued", "running"] as const).filter((state) => wanted.includes(state));
  const states: QueueState[] = outcomes.length > 0 ? [...open, "ended"] : open;
  return { states, outcomes };
}
