import { createHash } from "node:crypto";
import { EXCHANGE } from "../../model/joined-spans.ts";
import type { Trace, TraceSpan } from "../trace-files/trace.ts";
import { treeOf } from "../trace-files/trace-tree.ts";

const TURN = "resilience_lab.turn.id";
const LINK = "resilience_lab.link";
const CALLER_TRACE = "resilience_lab.caller.trace_id";
/** Two clocks of one machine, each read in whole milliseconds. */
const SLACK_US = 2_000;

/**
 * A run's spans as a trace for each turn, each one tree, and one for what belongs to no turn: the run, its faults and its
 * other steps. A turn is a step with the calls that it led to; of a step with several turns each has the step above its
 * calls. Exchanges on links are below, or above, the call of the gateway that they carried.
 * @param run spans of the run's own trace: the run above its steps, a step above its calls
 * @param received spans that services sent; they join the turn whose calls carried their trace id
 */
export function turnTraces(run: readonly TraceSpan[], received: readonly TraceSpan[], gateway: string): Trace[] {
  const tree = treeOf({ traceId: run[0]?.traceId ?? "", spans: run });
  const root = tree.roots[0];
  if (root === undefined) return tracesById(received);
  const moved = new Set<TraceSpan>();
  const turns: Trace[] = [];
  // What the fault proxy sends are exchanges that the run has.
  const unclaimed = new Set(received.filter(({ attributes }) => attributes[EXCHANGE] === undefined));
  for (const step of tree.childrenOf(root)) {
    const below = tree.descendantsOf(step);
    if (!below.some(isCallOrExchange)) continue;
    for (const each of [step, ...below]) moved.add(each);
    for (const [turnId, spans] of byTurn(below)) {
      const isSole = turnId === undefined;
      const spanId = isSole ? step.spanId : hex(`${step.spanId} ${turnId}`, 16);
      const callers = new Set(spans.flatMap(({ attributes }) => attributes[CALLER_TRACE] ?? []));
      const joined = [...unclaimed].filter((span) => callers.has(span.traceId));
      for (const span of joined) unclaimed.delete(span);
      const top: TraceSpan = {
        ...step,
        spanId,
        parentId: undefined,
        attributes: isSole ? step.attributes : { ...step.attributes, [TURN]: turnId },
        ...(isSole ? {} : extentOf(spans, step)),
      };
      const traceId = hex(`${step.traceId} ${step.spanId} ${turnId ?? ""}`, 32);
      turns.push(oneTree(traceId, top, [...nested(spans, gateway, step, spanId), ...joined]));
    }
  }
  const rest = run.filter((span) => !moved.has(span));
  return [{ traceId: root.traceId, spans: rest }, ...turns, ...tracesById([...unclaimed])];
}

function isCallOrExchange({ attributes }: TraceSpan): boolean {
  return attributes["mcp.method.name"] !== undefined || attributes[LINK] !== undefined;
}

/** By turn; under undefined when there is only one. What names no turn is of the one with its session, else of the first. */
function byTurn(spans: readonly TraceSpan[]): Map<string | undefined, TraceSpan[]> {
  const turnOf = ({ attributes }: TraceSpan) => attributes[TURN] as string | undefined;
  const turns = new Set(spans.flatMap((span) => turnOf(span) ?? []));
  if (turns.size < 2) return new Map([[undefined, [...spans]]]);
  const [first] = turns;
  const bySession = new Map(spans.flatMap((span) => (turnOf(span) ? [[sessionOf(span), turnOf(span)] as const] : [])));
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  const found = (span: TraceSpan): string | undefined => {
    const above = span.parentId === undefined ? undefined : byId.get(span.parentId);
    return turnOf(span) ?? (above && turnOf(above)) ?? bySession.get(sessionOf(span)) ?? first;
  };
  return Map.groupBy(spans, found);
}

function sessionOf({ attributes }: TraceSpan): unknown {
  return attributes["mcp.session.id"];
}

/** From the first of the spans to the last: a turn of several does not last as long as their step. */
function extentOf(spans: readonly TraceSpan[], step: TraceSpan): Pick<TraceSpan, "startUs" | "endUs"> {
  const startUs = Math.min(...spans.map((span) => span.startUs));
  const ends = spans.map(({ endUs }) => endUs);
  return { startUs, endUs: ends.includes(undefined) ? step.endUs : Math.max(...ends.map((end) => end ?? 0)) };
}

/** The spans of a turn with the calls below the exchange that brought them, and above those that they led to. */
function nested(spans: readonly TraceSpan[], gateway: string, step: TraceSpan, topId: string): TraceSpan[] {
  const calls = spans.filter(({ attributes }) => attributes[LINK] === undefined && attributes[TURN] !== undefined);
  const parents = new Map<TraceSpan, string>();
  for (const exchange of spans) {
    const link = exchange.attributes[LINK];
    const tool = exchange.attributes["gen_ai.tool.name"];
    if (typeof link !== "string" || tool === undefined) continue;
    const isToGateway = link.endsWith(`->${gateway}`);
    const call = calls.find(
      (each) =>
        each.attributes["gen_ai.tool.name"] === tool &&
        (isToGateway ? !parents.has(each) && contains(exchange, each) : contains(each, exchange)),
    );
    if (call === undefined) continue;
    if (isToGateway) parents.set(call, exchange.spanId);
    else parents.set(exchange, call.spanId);
  }
  return spans.map((span) => {
    const parentId = parents.get(span) ?? (span.parentId === step.spanId ? topId : span.parentId);
    return { ...span, parentId };
  });
}

function contains(outer: TraceSpan, inner: TraceSpan): boolean {
  const endUs = outer.endUs ?? Number.POSITIVE_INFINITY;
  return outer.startUs - SLACK_US <= inner.startUs && (inner.endUs ?? inner.startUs) <= endUs + SLACK_US;
}

/** All in one trace, below its top where their parent is elsewhere. */
function oneTree(traceId: string, top: TraceSpan, spans: readonly TraceSpan[]): Trace {
  const ids = new Set([top, ...spans].map(({ spanId }) => spanId));
  const placed = spans.map((span) => {
    const isPlaced = span.parentId !== undefined && span.parentId !== span.spanId && ids.has(span.parentId);
    return { ...span, traceId, parentId: isPlaced ? span.parentId : top.spanId };
  });
  return { traceId, spans: [{ ...top, traceId }, ...placed] };
}

function tracesById(spans: readonly TraceSpan[]): Trace[] {
  return [...Map.groupBy(spans, ({ traceId }) => traceId)].map(([traceId, its]) => ({ traceId, spans: its }));
}

/** The same in every export of the same run. */
function hex(what: string, digits: 16 | 32): string {
  return createHash("sha256").update(what).digest("hex").slice(0, digits);
}
