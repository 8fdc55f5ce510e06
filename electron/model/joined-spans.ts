import type { RunTelemetry } from "./run-telemetry.ts";
import type { RunView } from "./run-view.ts";
import type { Span } from "./span.ts";
import type { TelemetrySpan } from "./telemetry.ts";
import { stepOfSpanId } from "./trace-ids.ts";
import type { TraceNotes, WaterfallSpan } from "./waterfall-span.ts";

/** A clock is said to differ from this many milliseconds on. */
const SKEW_MS = 2;

/** Attribute by which the fault proxy says which exchange its span is. */
export const EXCHANGE = "resilience_lab.exchange";

const NO_NOTES: TraceNotes = {
  unfinished: 0,
  parentless: 0,
  cyclic: 0,
  duplicate: 0,
  skewed: 0,
  reversed: 0,
  guessed: 0,
};

interface Seen {
  calls: readonly { span: Span<"call">; node: WaterfallSpan }[];
  wireCalls: readonly { span: Span<"wire">; node: WaterfallSpan }[];
}

/**
 * The spans that services sent, on the run's clock, with the calls and exchanges of the run that they are seen in. A call
 * that the gateway recorded is the span that the gateway sent of it, and an exchange the one that the fault proxy sent; it is
 * below the span of its caller, and above that of its callee. Changes the parents of the nodes that it is given.
 */
export function joinSpans(
  view: RunView,
  { spans }: Pick<RunTelemetry, "spans">,
  { calls, wireCalls }: Seen,
): { nodes: WaterfallSpan[]; notes: TraceNotes } {
  const notes = { ...NO_NOTES };
  if (view.started === undefined) return { nodes: [], notes };
  const zeroMs = view.started.wallMs - view.started.atMs;
  const byId = new Map<string, WaterfallSpan>();
  for (const { span, node } of calls) {
    const { traceId, spanId } = span.attributes;
    if (traceId !== "" && spanId !== "") byId.set(keyOf(traceId, spanId), node);
  }
  const recorded = new Set(byId.keys());
  const exchanges = new Map(wireCalls.map(({ span, node }) => [span.attributes.call, node]));
  const nodes: WaterfallSpan[] = [];
  const parents = new Map<WaterfallSpan, TelemetrySpan>();
  for (const span of spans) {
    const key = keyOf(span.traceId, span.spanId);
    const call = recorded.has(key) ? byId.get(key) : undefined;
    if (call !== undefined && call.sent === undefined) {
      call.sent = span;
      parents.set(call, span);
      continue;
    }
    const id = span.attributes[EXCHANGE];
    const exchange = typeof id === "string" ? exchanges.get(id) : undefined;
    if (exchange !== undefined && exchange.sent === undefined) {
      exchange.sent = span;
      continue;
    }
    const isDuplicate = byId.has(key);
    const node = nodeOf(span, isDuplicate ? `${key} ${nodes.length}` : key, zeroMs, view.lastMs);
    if (isDuplicate) mark(node, notes, "duplicate");
    else byId.set(key, node);
    if (span.endUs === undefined) mark(node, notes, "unfinished");
    else if (span.endUs < span.startUs) mark(node, notes, "reversed");
    if (span.joinedBy === "time") mark(node, notes, "guessed");
    nodes.push(node);
    parents.set(node, span);
  }
  const links = new Links(wireCalls);
  for (const [node, span] of parents) {
    const { traceId, parentId } = span;
    if (parentId === undefined) continue;
    const parent = byId.get(keyOf(traceId, parentId));
    const exchange = links.between(traceId, parentId, node);
    if (exchange !== undefined && exchange !== parent) node.parent = exchange.id;
    else if (parent !== undefined) node.parent = parent.id;
    else leadToStep(node, parentId, view, notes);
    if (parent !== undefined && node.start < parent.start - SKEW_MS) mark(node, notes, "skewed");
  }
  links.below(byId);
  const all = new Map(
    [...nodes, ...calls.map(({ node }) => node), ...wireCalls.map(({ node }) => node)].map((node) => [node.id, node]),
  );
  for (const node of circlesIn(nodes, all)) mark(node, notes, "cyclic");
  return { nodes, notes };
}

/** Ids of spans are unique in their trace. */
function keyOf(traceId: string, spanId: string): string {
  return `span ${traceId} ${spanId}`;
}

function mark(node: WaterfallSpan, notes: TraceNotes, what: keyof TraceNotes): void {
  node.problems = [...node.problems, what];
  notes[what]++;
}

function nodeOf(span: TelemetrySpan, id: string, zeroMs: number, lastMs: number): WaterfallSpan {
  const start = span.startUs / 1_000 - zeroMs;
  const isOpen = span.endUs === undefined;
  const end = span.endUs === undefined ? lastMs : span.endUs / 1_000 - zeroMs;
  const service = span.service || "unknown service";
  return {
    id,
    parent: undefined,
    start,
    end: Math.max(start, end),
    name: span.name,
    place: service,
    service,
    isOnLink: false,
    isError: span.isError,
    isOpen,
    faults: [],
    seq: undefined,
    sent: span,
    problems: [],
  };
}

/** What the lab itself asks has no span that anyone sends: it is the step, or a check outside of steps. */
function leadToStep(node: WaterfallSpan, parentId: string, view: RunView, notes: TraceNotes): void {
  const number = stepOfSpanId(view.runId, parentId);
  if (number === undefined) {
    mark(node, notes, "parentless");
    return;
  }
  const step = view.steps.find(({ attributes }) => attributes.step === `step-${number}`);
  if (step !== undefined) node.parent ??= step.id;
}

/** Exchanges on links, by the span that their caller named in its request. */
class Links {
  readonly #byCaller: Map<string, WaterfallSpan[]>;
  readonly #keys = new Map<WaterfallSpan, string>();

  constructor(wireCalls: Seen["wireCalls"]) {
    this.#byCaller = new Map();
    for (const { span, node } of wireCalls) {
      const { traceId, spanId } = span.attributes;
      if (traceId === undefined || spanId === undefined) continue;
      const key = keyOf(traceId, spanId);
      this.#keys.set(node, key);
      const known = this.#byCaller.get(key);
      if (known === undefined) this.#byCaller.set(key, [node]);
      else known.push(node);
    }
  }

  /** The exchange by which a span was called: of several attempts the last that began before it. */
  between(traceId: string, callerId: string, { start }: WaterfallSpan): WaterfallSpan | undefined {
    if (this.#byCaller.size === 0) return undefined;
    const exchanges = this.#byCaller.get(keyOf(traceId, callerId)) ?? [];
    return exchanges.findLast((each) => each.start <= start + SKEW_MS) ?? exchanges[0];
  }

  /** Each exchange below the span of its caller, where that is known. */
  below(byId: ReadonlyMap<string, WaterfallSpan>): void {
    for (const [node, key] of this.#keys) {
      const caller = byId.get(key);
      if (caller !== undefined && caller.id !== node.id) node.parent = caller.id;
    }
  }
}

/** Spans that are their own ancestors, each circle by one of them. */
function circlesIn(nodes: readonly WaterfallSpan[], all: ReadonlyMap<string, WaterfallSpan>): WaterfallSpan[] {
  const found: WaterfallSpan[] = [];
  /** The walk that came to a span first: one that comes to it again has gone round. */
  const walks = new Map<WaterfallSpan, number>();
  for (const [walk, node] of nodes.entries()) {
    let at: WaterfallSpan | undefined = node;
    while (at !== undefined && !walks.has(at)) {
      walks.set(at, walk);
      at = at.parent === undefined ? undefined : all.get(at.parent);
    }
    if (at !== undefined && walks.get(at) === walk) found.push(at);
  }
  return found;
}

const TEXTS: Record<keyof TraceNotes, (count: number) => string> = {
  unfinished: (count) => `${spansAre(count, "has not", "have not")} ended`,
  parentless: (count) => `the parent of ${count} ${count === 1 ? "span" : "spans"} was not received`,
  cyclic: (count) => `${spansAre(count, "is its own ancestor", "are their own ancestors")}`,
  duplicate: (count) => `${spansAre(count, "has", "have")} the id of another`,
  skewed: (count) => `${spansAre(count, "starts before its parent", "start before their parents")}: clocks differ`,
  reversed: (count) => `${spansAre(count, "ends before its start", "end before their start")}`,
  guessed: (count) => `${spansAre(count, "belongs", "belong")} here by time alone: a guess`,
};

function spansAre(count: number, one: string, many: string): string {
  return `${count.toLocaleString("en")} ${count === 1 ? `span ${one}` : `spans ${many}`}`;
}

/** One text for each kind of problem that there is, and for what was not kept. */
export function noteTexts(notes: TraceNotes, { dropped }: Pick<RunTelemetry, "dropped">): string[] {
  const texts = (Object.keys(TEXTS) as (keyof TraceNotes)[]).flatMap((what) => {
    const count = notes[what];
    return count === 0 ? [] : [TEXTS[what](count)];
  });
  for (const [reason, { spans, logs }] of dropped) {
    const what = [spans > 0 && `${spans} spans`, logs > 0 && `${logs} logs`].filter(Boolean).join(" and ");
    texts.push(`${what} were not kept: ${reason}`);
  }
  return texts;
}

/** What is said of one span. */
export const PROBLEM_TEXTS: Record<keyof TraceNotes, string> = {
  unfinished: "has not ended",
  parentless: "parent not received",
  cyclic: "its own ancestor",
  duplicate: "id of another span",
  skewed: "starts before its parent: clocks differ",
  reversed: "ends before its start",
  guessed: "joined by time alone: a guess",
};
