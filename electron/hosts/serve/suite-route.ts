import { z } from "zod";
import { submitRun } from "../../lab/queue/submit-run.ts";
import type { RunReport } from "../../lab/reports/run-report.ts";
import { toReport } from "../../lab/reports/run-report.ts";
import { loadText } from "../../lab/scenarios/load.ts";
import type { LabEvent } from "../../model/lab-event.ts";
import { RunModel } from "../../model/run-model.ts";
import { ApiError } from "./api-error.ts";
import type { ApiRoute, ApiStorage } from "./api-route.ts";
import { EventStream } from "./event-stream.ts";
import { readJson } from "./read-body.ts";
import { whenChanged } from "./when-changed.ts";

const suiteBody = z.strictObject({
  suite: z.union([z.string().min(1), z.record(z.string(), z.unknown())]).describe("A suite: its text, or as JSON."),
  stack: z.record(z.string(), z.unknown()).optional(),
  labels: z.array(z.string()).optional(),
});

/** A suite is a submitted run like any other: it waits for a worker, and ends when nobody listens any more. */
export const SUITE_ROUTE: ApiRoute = {
  method: "POST",
  path: "/api/suites",
  summary: "Run an eval suite, its cases streamed as case_start, case_result and summary.",
  body: suiteBody,
  produces: "text/event-stream",
  statuses: { 200: "the cases", 422: "invalid", 429: "as many runs wait as may", 503: "there is no storage" },
  async handle({ request, response, storage, wake }) {
    const { suite, stack, labels } = suiteBody.parse(await readJson(request));
    const source = typeof suite === "string" ? suite : JSON.stringify(suite);
    const names = loadText(source, "suite.yaml").map(({ scenario }) => scenario.title);
    const spec = { scenario: { source }, ...(stack && { stack }), ...(labels && { labels }) };
    const submitted = await submitRun(storage().queue, { spec });
    if (submitted.is === "conflict") throw new ApiError(409, "the run's id is taken");
    wake();
    const stream = new EventStream(response);
    await streamCases(submitted.run.runId, names, storage(), stream);
    stream.end();
    return undefined;
  },
};

async function streamCases(
  runId: string,
  names: readonly string[],
  storage: ApiStorage,
  stream: EventStream,
): Promise<void> {
  const { queue, history } = storage;
  const begun = new Set<string>();
  const reported = new Map<string, RunReport>();
  for await (const _ of whenChanged(storage, stream.signal)) {
    const run = await queue.get(runId);
    // Only the last attempt counts: an earlier one was cut short.
    const historyRuns = (await queue.attempts(runId)).at(-1)?.historyRuns ?? [];
    for (const [index, id] of historyRuns.entries()) {
      if (reported.has(id) || !(await history.has(id))) continue;
      const name = names[index] ?? id;
      if (!begun.has(id)) await stream.send({ event: "case_start", data: { name, index, total: names.length, runId } });
      begun.add(id);
      if ((await history.find(id)).outcome === null) continue;
      const report = await reportOf(id, history);
      reported.set(id, report);
      await stream.send({ event: "case_result", data: caseResult(name, report) });
    }
    if (run === undefined || run.state === "ended") {
      const results = [...reported.values()].filter(({ id }) => historyRuns.includes(id));
      const passed = results.filter(({ outcome }) => outcome === "passed").length;
      const { outcome = null, reason = null } = run ?? {};
      const data = { runId, total: names.length, passed, failed: names.length - passed, outcome, reason };
      return stream.send({ event: "summary", data });
    }
  }
  await queue.cancel(runId);
}

async function reportOf(id: string, history: ApiStorage["history"]): Promise<RunReport> {
  const events: LabEvent[] = [];
  for await (const event of history.events(id)) events.push(event);
  return toReport(RunModel.of(events));
}

function caseResult(name: string, { id, outcome, reason, durationMs, decisions, checks }: RunReport) {
  return {
    name,
    passed: outcome === "passed",
    outcome,
    reason,
    durationMs,
    historyRun: id,
    decisions: decisions.map(({ tool, decision, reason: why }) => ({ tool, decision, reason: why })),
    failures: checks
      .filter(({ passed }) => !passed)
      .map(({ check, expected, observed }) => ({ check, expected, observed })),
  };
}
