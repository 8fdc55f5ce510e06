import { SESSION_SCENARIO_ID } from "../../../contract/runs.ts";
import type { SessionEvaluation } from "../../../contract/sessions.ts";
import type { LabEvent, LabEventBody, Outcome } from "../../../model/lab-event.ts";
import type { TelemetryRecord } from "../../../model/telemetry.ts";
import { EVENT_VERSION } from "../../../model/upgrade.ts";
import type { ArrivingRun } from "../../history/run-store.ts";
import { Redactor } from "../../redaction/redactor.ts";
import { recordOfLog, recordOfSpan } from "../../telemetry/bounded-record.ts";
import type { LiveSession } from "../../telemetry/live-session.ts";
import { LAB_VERSION } from "../../version.ts";

/** A session as a run of the history: its start, how it was evaluated, its end; and its spans and logs, redacted. */
export function sessionAsRun(
  runId: string,
  session: LiveSession,
  evaluation: SessionEvaluation | undefined,
): { run: ArrivingRun; events: LabEvent[]; telemetry: TelemetryRecord[] } {
  const redactor = new Redactor();
  const title = redactor.text(`Live session ${session.name}`);
  const startedWallMs = Math.floor(session.startedUs / 1_000);
  const endedUs = session.spans.reduce((last, { startUs, endUs }) => Math.max(last, endUs ?? startUs), 0);
  const durationMs = Math.max(0, Math.ceil(endedUs / 1_000) - startedWallMs);
  const services = [...new Set(session.spans.map(({ service }) => service))].filter((service) => service !== "");
  const { outcome, reason } = verdictOf(evaluation);
  const bodies: [number, LabEventBody][] = [
    [
      0,
      {
        type: "run.started",
        eventVersion: EVENT_VERSION,
        scenario: { id: SESSION_SCENARIO_ID, title, patterns: [] },
        driver: "process",
        without: [],
        services: services.map((name) => ({ name, role: "service" })),
        labVersion: LAB_VERSION,
      },
    ],
    ...(evaluation?.metrics ?? []).map(({ metric, score, status, error }): [number, LabEventBody] => [
      durationMs,
      {
        type: "check.evaluated",
        check: metric,
        passed: status === "passed",
        expected: "passes",
        observed: error ?? `score ${score}`,
        ...(status === "errored" ? { inconclusive: error ?? "it could not be evaluated" } : {}),
      },
    ]),
    [durationMs, { type: "run.ended", outcome, reason }],
  ];
  const events = bodies.map(
    ([atMs, body], index) =>
      redactor.event({ runId, seq: index + 1, atMs, wallMs: startedWallMs + atMs, ...body } as LabEvent).event,
  );
  const dropped: TelemetryRecord[] =
    session.dropped.spans + session.dropped.logs === 0
      ? []
      : [{ record: "dropped", ...session.dropped, reason: "a session keeps no more" }];
  const records = [
    ...session.spans.map((span) => recordOfSpan(span, "trace")),
    ...session.logs.map((log) => recordOfLog(log, "trace")),
  ];
  const run: ArrivingRun = {
    id: runId,
    scenarioId: SESSION_SCENARIO_ID,
    scenarioTitle: title,
    scenarioSource: `id: ${SESSION_SCENARIO_ID}\n# Spans of an agent that sent them to the lab without a scenario.\n`,
    driver: "process",
    without: [],
    startedWallMs,
    outcome,
    reason,
    durationMs,
  };
  return { run, events, telemetry: [...records.map((record) => redactor.telemetry(record)), ...dropped] };
}

function verdictOf(evaluation: SessionEvaluation | undefined): { outcome: Outcome; reason: string } {
  if (evaluation === undefined) return { outcome: "inconclusive", reason: "a live session: nothing was checked" };
  const worst =
    evaluation.metrics.find(({ status }) => status === "failed") ??
    evaluation.metrics.find(({ status }) => status === "errored");
  if (worst === undefined) return { outcome: "passed", reason: "every metric passed" };
  const outcome = worst.status === "failed" ? "failed" : "inconclusive";
  return { outcome, reason: `${worst.metric}: ${worst.error ?? `score ${worst.score}`}` };
}
