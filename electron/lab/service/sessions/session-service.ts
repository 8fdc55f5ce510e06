import { randomUUID } from "node:crypto";
import type { SessionDetail, SessionEvaluation, SessionList, SessionSummary } from "../../../contract/sessions.ts";
import { convertTrace } from "../../evaluation/convert-trace.ts";
import { readEvalSet } from "../../evaluation/eval-set.ts";
import { evaluateTrace } from "../../evaluation/evaluate.ts";
import type { Invocation } from "../../evaluation/invocation.ts";
import { readMetrics } from "../../evaluation/metric.ts";
import type { TrajectoryMatch } from "../../evaluation/tool-trajectory.ts";
import type { RunStore } from "../../history/run-store.ts";
import { LabError } from "../../lab-error.ts";
import type { LiveSession } from "../../telemetry/live-session.ts";
import { LiveSessions } from "../../telemetry/live-sessions.ts";
import type { Telemetry } from "../../telemetry/telemetry.ts";
import { sessionAsRun } from "./session-as-run.ts";

const CHANGE_AFTER_MS = 300;
const METRICS = ["tool_trajectory_avg_score", "response_match_score"];

export interface SessionServiceParts {
  telemetry: Telemetry;
  store: RunStore;
  onChange: () => void;
  /** A session was kept as a run. */
  onKept: () => void;
}

interface Read {
  /** Spans that it was made of. */
  spans: number;
  invocations: readonly Invocation[];
  warnings: readonly string[];
}

/** Sessions of agents that send their spans without a scenario: listed, evaluated, and kept as runs. */
export class SessionService {
  readonly #parts: SessionServiceParts;
  readonly #live: LiveSessions;
  readonly #read = new WeakMap<LiveSession, Read>();
  readonly #kept = new Map<string, { runId: string; evaluation: SessionEvaluation | undefined }>();
  readonly #evaluations = new Map<string, SessionEvaluation>();
  #version = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: SessionServiceParts) {
    this.#parts = parts;
    this.#live = new LiveSessions({ nowMs: () => performance.now(), onChange: () => this.#changed() });
    parts.telemetry.onUnjoined((received) => this.#live.take(received));
  }

  /** Changes with the sessions. */
  get version(): number {
    return this.#version;
  }

  list(): SessionList {
    const { telemetry } = this.#parts;
    const { ports, addresses, token, problem, counts } = telemetry;
    const { spans, logs, points, refused, rejected } = counts;
    return {
      sessions: this.#live.list().map((session) => this.#summaryOf(session)),
      limitReached: this.#live.limitReached ?? null,
      received: { spans, logs, points, refused, rejected },
      addresses: {
        http: ports === undefined ? null : `http://127.0.0.1:${ports.http}`,
        grpc: ports === undefined ? null : `http://127.0.0.1:${ports.grpc}`,
        containers: ports === undefined ? [] : addresses.map((address) => `http://${address}:${ports.http}`),
        needsToken: token !== undefined,
        problem: problem ?? null,
      },
    };
  }

  get(id: string): SessionDetail {
    const session = this.#find(id);
    const { invocations, warnings } = this.#conversationOf(session);
    const conversation = invocations.map((invocation) => ({
      id: invocation.id,
      userText: invocation.userText,
      finalResponse: invocation.finalResponse,
      toolUses: invocation.toolUses.map(({ name, arguments: given, response }) => ({
        name,
        arguments: given,
        response: response ?? null,
      })),
    }));
    return { ...this.#summaryOf(session), conversation, warnings: [...warnings] };
  }

  /** Compares the turns of a session with the expected ones. @throws LabError for a set that cannot be read */
  async evaluate(
    id: string,
    { evalSet, threshold, match }: { evalSet: string; threshold: number; match: TrajectoryMatch },
    signal: AbortSignal,
  ): Promise<SessionEvaluation> {
    const session = this.#find(id);
    const metrics = readMetrics(METRICS, new Map([["", threshold]]));
    const request = { metrics, match, evalSet: readEvalSet(evalSet), signal };
    const { metrics: results, warnings } = await evaluateTrace(session.asTrace(), request);
    const evaluation: SessionEvaluation = {
      metrics: results.map(({ metric, score, status, error }) => ({ metric, score, status, error: error ?? null })),
      warnings: [...warnings],
    };
    this.#evaluations.set(id, evaluation);
    return evaluation;
  }

  /** Adds the session to the history as a run, with its spans and logs, redacted. */
  async keep(id: string): Promise<{ runId: string }> {
    const session = this.#find(id);
    if (session.spans.length === 0) throw new LabError("precondition", "it has no spans yet", { hint: "wait for one" });
    const runId = randomUUID();
    const arrivals = this.#parts.store.arrivals();
    try {
      const { run, events, telemetry } = sessionAsRun(runId, session, this.#evaluations.get(id));
      arrivals.begin(run);
      for (const event of events) await arrivals.stage(event);
      for (const record of telemetry) await arrivals.stageTelemetry(record);
      await arrivals.commit(`live session ${run.scenarioTitle}`, Date.now());
    } finally {
      await arrivals.close();
    }
    this.#kept.set(id, { runId, evaluation: this.#evaluations.get(id) });
    this.#parts.onKept();
    this.#changed();
    return { runId };
  }

  close(): void {
    this.#live.close();
    clearTimeout(this.#timer);
  }

  /** A busy agent sends many spans a second, and windows are told at most every so often. */
  #changed(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#version++;
      this.#parts.onChange();
    }, CHANGE_AFTER_MS).unref();
  }

  #find(id: string): LiveSession {
    const session = this.#live.get(id);
    if (session !== undefined) return session;
    throw new LabError("bad-input", `there is no session ${id}`, {
      hint: "it may have been forgotten for a newer one",
    });
  }

  #summaryOf(session: LiveSession): SessionSummary {
    const { invocations } = this.#conversationOf(session);
    const told = invocations.flatMap(({ tokens }) => (tokens === undefined ? [] : [tokens]));
    return {
      id: session.id,
      name: session.name,
      isComplete: this.#live.isComplete(session),
      isReopened: session.isReopened,
      startedWallMs: session.spans.length === 0 ? 0 : session.startedUs / 1_000,
      services: [...new Set(session.spans.map(({ service }) => service))].filter((service) => service !== ""),
      spans: session.spans.length,
      logs: session.logs.length,
      droppedSpans: session.dropped.spans,
      droppedLogs: session.dropped.logs,
      turns: invocations.length,
      toolCalls: invocations.reduce((sum, { toolUses }) => sum + toolUses.length, 0),
      tokens:
        told.length === 0
          ? null
          : told.reduce((sum, { input, output }) => ({ input: sum.input + input, output: sum.output + output })),
      runId: this.#kept.get(session.id)?.runId ?? null,
    };
  }

  /** Read again when spans have arrived. */
  #conversationOf(session: LiveSession): Read {
    const known = this.#read.get(session);
    if (known?.spans === session.spans.length) return known;
    const { invocations, warnings } = convertTrace(session.asTrace());
    const read = { spans: session.spans.length, invocations, warnings };
    this.#read.set(session, read);
    return read;
  }
}
