import type { TraceLog } from "../trace-files/otlp-logs.ts";
import type { Attributes, TraceSpan } from "../trace-files/trace.ts";
import type { Accepted } from "./intake.ts";
import { LiveSession, SESSION_LIMITS, type SessionLimits } from "./live-session.ts";
import type { OtlpExport } from "./otlp-export.ts";

/** What names the session of a span, the most explicit first. */
const NAMED_BY = ["agentevals.session_name", "gen_ai.conversation.id"];
const NAME_LIMIT = 200;
/** Logs that wait for the first span of their trace: exporters send the two apart. */
const EARLY_LOGS_LIMIT = 1_000;

export interface LiveSessionsParts {
  /** Milliseconds on a clock that never jumps. */
  nowMs: () => number;
  onChange: () => void;
  limits?: SessionLimits;
}

/** Sessions of agents that send their spans to the lab outside any run, in memory until they are kept as runs. */
export class LiveSessions {
  readonly #parts: LiveSessionsParts;
  readonly #limits: SessionLimits;
  readonly #sessions = new Map<string, LiveSession>();
  /** Sessions by the name, or the trace, that their next spans bear. */
  readonly #byName = new Map<string, LiveSession>();
  readonly #byTrace = new Map<string, LiveSession>();
  /** The oldest first. */
  #earlyLogs: TraceLog[] = [];
  #lostLogs = 0;
  #made = 0;
  #turnedAway = 0;
  #forgotten = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: LiveSessionsParts) {
    this.#parts = parts;
    this.#limits = parts.limits ?? SESSION_LIMITS;
  }

  /** The newest first. */
  list(): LiveSession[] {
    return [...this.#sessions.values()].reverse();
  }

  get(id: string): LiveSession | undefined {
    return this.#sessions.get(id);
  }

  /** What a person should know of what was not taken; undefined while nothing was. */
  get limitReached(): string | undefined {
    const texts = [
      this.#forgotten > 0 && `${this.#forgotten} complete sessions were forgotten for newer ones`,
      this.#turnedAway > 0 && `${this.#turnedAway} spans of further sessions were turned away`,
    ].filter(Boolean);
    const sessions = texts.length === 0 ? [] : [`the lab holds ${this.#limits.sessions} sessions: ${texts.join("; ")}`];
    const logs = this.#lostLogs === 0 ? [] : [`${this.#lostLogs} logs were dropped: no span of their trace came`];
    return [...sessions, ...logs].join("; ") || undefined;
  }

  isComplete(session: LiveSession): boolean {
    return session.isComplete(this.#parts.nowMs());
  }

  take({ spans, logs }: OtlpExport): Accepted {
    let rejected = 0;
    const reasons = new Set<string>();
    const count = (reason: string | undefined) => {
      if (reason === undefined) return;
      rejected++;
      reasons.add(reason);
    };
    const nowMs = this.#parts.nowMs();
    // The spans of a turn that name it come last: its root ends after all others.
    const names = new Map<string, string>();
    for (const span of spans) {
      const name = nameOf(span.attributes);
      if (name !== undefined) names.set(span.traceId, name);
    }
    for (const span of spans) {
      const session = this.#sessionOf(span, names.get(span.traceId), nowMs);
      if (session === undefined) this.#turnedAway++;
      count(session === undefined ? this.#full : session.takeSpan(span, nowMs, this.#limits));
    }
    const isHere = ({ traceId }: TraceLog) => traceId !== undefined && this.#byTrace.has(traceId);
    const { here = [], early = [] } = Object.groupBy([...this.#earlyLogs, ...logs], (log) =>
      isHere(log) ? "here" : "early",
    );
    for (const log of here) count(this.#byTrace.get(log.traceId ?? "")?.takeLog(log, nowMs, this.#limits));
    const ofTraces = early.filter(({ traceId }) => traceId !== undefined);
    for (let without = early.length - ofTraces.length; without > 0; without--)
      count("a log without a trace is of no session");
    this.#earlyLogs = ofTraces.slice(-EARLY_LOGS_LIMIT);
    this.#lostLogs += ofTraces.length - this.#earlyLogs.length;
    if (spans.length + logs.length > 0) {
      this.#parts.onChange();
      this.#notifyWhenComplete();
    }
    return { rejected, message: [...reasons].join("; ") };
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  get #full(): string {
    return `the lab holds ${this.#limits.sessions} sessions, none of which is complete`;
  }

  #sessionOf({ traceId }: TraceSpan, name: string | undefined, nowMs: number): LiveSession | undefined {
    const ofTrace = this.#byTrace.get(traceId);
    if (ofTrace !== undefined && (name === undefined || !ofTrace.isOfTrace)) return ofTrace;
    if (name === undefined) return this.#begin(`trace ${traceId.slice(0, 12)}`, true, traceId, nowMs);
    const named = this.#byName.get(name) ?? this.#begin(name, false, traceId, nowMs);
    if (named === undefined) return undefined;
    if (ofTrace !== undefined) {
      named.absorb(ofTrace, this.#limits);
      this.#forget(ofTrace);
    }
    this.#byTrace.set(traceId, named);
    return named;
  }

  #begin(name: string, isOfTrace: boolean, traceId: string, nowMs: number): LiveSession | undefined {
    if (this.#sessions.size >= this.#limits.sessions) {
      const oldest = [...this.#sessions.values()].find((session) => session.isComplete(nowMs));
      if (oldest === undefined) return undefined;
      this.#forget(oldest);
      this.#forgotten++;
    }
    const session = new LiveSession(`session-${++this.#made}`, name, isOfTrace, nowMs);
    this.#sessions.set(session.id, session);
    if (!isOfTrace) this.#byName.set(name, session);
    this.#byTrace.set(traceId, session);
    return session;
  }

  #forget(session: LiveSession): void {
    this.#sessions.delete(session.id);
    if (this.#byName.get(session.name) === session) this.#byName.delete(session.name);
    for (const traceId of session.traces) if (this.#byTrace.get(traceId) === session) this.#byTrace.delete(traceId);
  }

  /** A session becomes complete by time alone. */
  #notifyWhenComplete(): void {
    clearTimeout(this.#timer);
    const nowMs = this.#parts.nowMs();
    const next = this.list().reduce((soonest, session) => {
      return session.isComplete(nowMs) ? soonest : Math.min(soonest, session.completeAtMs);
    }, Number.POSITIVE_INFINITY);
    if (next === Number.POSITIVE_INFINITY) return;
    this.#timer = setTimeout(
      () => {
        this.#parts.onChange();
        this.#notifyWhenComplete();
      },
      Math.max(1, next - nowMs),
    ).unref();
  }
}

function nameOf(attributes: Attributes): string | undefined {
  for (const key of NAMED_BY) {
    const name = attributes[key];
    if (typeof name === "string" && name !== "") return name.slice(0, NAME_LIMIT);
  }
  return undefined;
}
