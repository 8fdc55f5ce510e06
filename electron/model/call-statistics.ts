import type { RunView } from "./run-view.ts";
import { isOpen, lastedUntil, type Span } from "./span.ts";

/** With fewer samples no percentile is given: a p99 of a few calls would only repeat the longest of them. */
export const LEAST_SAMPLES = 20;

/**
 * Where a call is relative to the faults of its run. `during`: a fault was in force at some time of it. `before`: it ended
 * before the first fault. `after`: any other. A run without faults has only `before`.
 */
export const PERIODS = ["before", "during", "after"] as const;
export type Period = (typeof PERIODS)[number];

/** What calls are grouped by: the tool, or the link on which an exchange was read. */
export const GROUPINGS = ["tool", "link"] as const;
export type Grouping = (typeof GROUPINGS)[number];

/** A time in which at least one fault was in force, on the run's clock. */
export interface FaultStretch {
  fromMs: number;
  toMs: number;
  /** Names of the faults. */
  faults: readonly string[];
}

/** A call that has ended: one of a tool, or an exchange on a link. */
export interface CallSample {
  grouping: Grouping;
  /** The tool, or the link. */
  name: string;
  startMs: number;
  durationMs: number;
  period: Period;
  /** Its last decision or its outcome; of an exchange, its outcome. */
  status: string;
  isError: boolean;
  /** Event to show for it. */
  seq: number;
}

/** A decision on a call of a tool. */
export interface DecisionSample {
  tool: string;
  decision: string;
  atMs: number;
  period: Period;
  seq: number;
}

/** What a run's plots and its exported table are made of. */
export interface RunSamples {
  stretches: readonly FaultStretch[];
  calls: readonly CallSample[];
  decisions: readonly DecisionSample[];
  /** Calls without an end, and streams that a client only listens to: neither has a latency. */
  withoutLatency: number;
}

export function samplesOf(view: RunView): RunSamples {
  const stretches = stretchesOf(view);
  const periodOf = periodsBy(stretches);
  const ofTools = toolCallsOf(view);
  const ended = <Call extends Span<"call"> | Span<"wire">>(calls: readonly Call[]) =>
    calls.filter((call) => !isOpen(call) && !(call.kind === "wire" && isListening(call)));
  const sample = (grouping: Grouping, name: string, call: Span<"call"> | Span<"wire">): CallSample => ({
    grouping,
    name,
    startMs: call.startMs,
    durationMs: Math.max(0, call.endMs - call.startMs),
    period: periodOf(call.startMs, call.endMs),
    status: call.status,
    isError: isFailedCall(call),
    seq: call.kind === "call" ? (call.attributes.decisions.at(-1)?.seq ?? call.seq) : call.seq,
  });
  const calls = [
    ...ended(ofTools).map((call) => sample("tool", call.name, call)),
    ...ended(view.wireCalls).map((call) => sample("link", call.attributes.link, call)),
  ];
  return {
    stretches,
    calls,
    decisions: view.decisions.map(({ seq, atMs, event: { tool, decision } }) => {
      return { tool, decision, atMs, period: periodOf(atMs, atMs), seq };
    }),
    withoutLatency: ofTools.length + view.wireCalls.length - calls.length,
  };
}

/** As recorded by the gateway; where nothing records them, as they were read on links. */
function toolCallsOf({ calls, wireCalls }: RunView): readonly (Span<"call"> | Span<"wire">)[] {
  if (calls.length > 0) return calls;
  return wireCalls.filter(({ attributes }) => attributes.isCounted === true && attributes.tool !== undefined);
}

/** A stream that a client opens to be sent what it did not ask for lasts as long as its session. */
function isListening({ attributes }: Span<"wire">): boolean {
  return attributes.http.startsWith("GET ") && attributes.events !== undefined;
}

/** A refusal by policy is what a gateway is for, and no failure. */
export function isFailedCall(call: Span<"call"> | Span<"wire">): boolean {
  if (call.kind === "wire") return call.status === "error";
  const { status, attributes } = call;
  return status === "upstream_error" || status === "tool_error" || attributes.end?.outcome === "upstream_error";
}

/** Faults whose times overlap or touch are one stretch. A refused fault was never in force. */
export function stretchesOf({ faults, lastMs }: Pick<RunView, "faults" | "lastMs">): FaultStretch[] {
  const merged: FaultStretch[] = [];
  const inForce = faults.filter(({ status }) => status !== "refused");
  for (const fault of inForce.toSorted((one, other) => one.startMs - other.startMs)) {
    const last = merged.at(-1);
    const toMs = Math.max(fault.startMs, lastedUntil(fault, lastMs));
    if (last === undefined || fault.startMs > last.toMs) {
      merged.push({ fromMs: fault.startMs, toMs, faults: [fault.name] });
      continue;
    }
    const names = new Set([...last.faults, fault.name]);
    merged[merged.length - 1] = { ...last, toMs: Math.max(last.toMs, toMs), faults: [...names] };
  }
  return merged;
}

function periodsBy(stretches: readonly FaultStretch[]): (startMs: number, endMs: number) => Period {
  return (startMs, endMs) => {
    if (stretches.some(({ fromMs, toMs }) => startMs <= toMs && endMs >= fromMs)) return "during";
    const [first] = stretches;
    return first === undefined || endMs < first.fromMs ? "before" : "after";
  };
}

/** Of the calls of one group in one period; milliseconds. */
export interface LatencySummary {
  calls: number;
  errors: number;
  /** Undefined with fewer than {@link LEAST_SAMPLES} calls. */
  percentiles: { p50: number; p95: number; p99: number } | undefined;
  /** How often each decision was made, in the order of their first; empty for links. */
  decisions: readonly (readonly [decision: string, times: number])[];
}

export interface StatisticsRow extends LatencySummary {
  /** Undefined for all of them. */
  name: string | undefined;
  /** Undefined for the whole run. */
  period: Period | undefined;
}

/** A row for the whole run and, where there were faults, for each period: first of all calls, then of each tool or link. */
export function statisticsOf({ stretches, calls, decisions }: RunSamples, grouping: Grouping): StatisticsRow[] {
  const its = calls.filter((call) => call.grouping === grouping);
  const made = grouping === "tool" ? decisions : [];
  const names = [...new Set([...its.map(({ name }) => name), ...made.map(({ tool }) => tool)])].sort();
  if (names.length === 0) return [];
  const periods = stretches.length === 0 ? [undefined] : [undefined, ...PERIODS];
  const groups = names.length === 1 ? names : [undefined, ...names];
  return groups.flatMap((name) =>
    periods.map((period) => {
      const of = <Each extends { period: Period }>(list: readonly Each[], nameOf: (each: Each) => string) =>
        list.filter(
          (each) => (period === undefined || each.period === period) && (name === undefined || nameOf(each) === name),
        );
      return {
        name,
        period,
        ...summarise(
          of(its, (call) => call.name),
          of(made, ({ tool }) => tool),
        ),
      };
    }),
  );
}

function summarise(calls: readonly CallSample[], decisions: readonly DecisionSample[]): LatencySummary {
  const counts = Map.groupBy(decisions, ({ decision }) => decision);
  return {
    calls: calls.length,
    errors: calls.reduce((count, { isError }) => count + (isError ? 1 : 0), 0),
    percentiles: percentilesOf(calls.map(({ durationMs }) => durationMs)),
    decisions: [...counts].map(([decision, each]) => [decision, each.length] as const),
  };
}

function percentilesOf(values: readonly number[]): LatencySummary["percentiles"] {
  if (values.length < LEAST_SAMPLES) return undefined;
  const sorted = values.toSorted((one, other) => one - other);
  const at = (share: number) => nearestRank(sorted, share);
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}

/** The nearest rank: the smallest value that at least this share of all do not exceed. @param sorted at least one */
export function nearestRank(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}
