import { joinSpans, noteTexts } from "./joined-spans.ts";
import { calleeOf } from "./link-name.ts";
import { RunTelemetry } from "./run-telemetry.ts";
import type { RunView } from "./run-view.ts";
import { type AnySpan, isOpen, lastedUntil, type Span } from "./span.ts";
import { layOutTree, type TreeRow } from "./span-tree.ts";
import type { WaterfallSpan } from "./waterfall-span.ts";

export type WaterfallRow = TreeRow<WaterfallSpan>;

/** Calls on links that no step led to: probes of a gateway, and those of the lab's own checks. */
export function besideSteps({ wireCalls }: RunView): number {
  return wireCalls.reduce((count, { parent }) => count + (parent === undefined ? 1 : 0), 0);
}

/** Where the steps of a run are. */
const LAB = "lab";

export interface Waterfall {
  rows: WaterfallRow[];
  /** Those of the rows, in their order. */
  services: string[];
  /** What is not as it should be among the spans that services sent, one text each. */
  notes: string[];
}

/**
 * The steps of a run as a tree, with their tool calls, the approvals that these waited for, the calls on links, and the spans
 * that services sent.
 * @param withBeside also the calls of {@link besideSteps}, as roots
 */
export function waterfallOf(view: RunView, withBeside: boolean, telemetry = new RunTelemetry()): Waterfall {
  const wireCalls = withBeside ? view.wireCalls : view.wireCalls.filter(({ parent }) => parent !== undefined);
  const gateway = view.started?.services.find(({ role }) => role === "gateway")?.name ?? "gateway";
  const byId = new Map(view.faults.map((fault) => [fault.id, fault.name]));
  const byFault = new Map(view.faults.map((fault) => [fault.attributes.fault, fault.name]));
  const common = (span: AnySpan) => ({
    id: span.id,
    parent: span.parent,
    start: span.startMs,
    end: Math.max(span.startMs, lastedUntil(span, view.lastMs)),
    isOpen: isOpen(span),
    isOnLink: false,
    seq: span.seq,
    sent: undefined,
    problems: [],
  });
  const nodes: WaterfallSpan[] = [
    ...view.steps.map((step) => ({
      ...common(step),
      name: step.name,
      place: LAB,
      service: LAB,
      isError: step.status === "failed",
      faults: [],
    })),
  ];
  const calls = view.calls.map((call) => ({
    span: call,
    node: {
      ...common(call),
      name: call.name,
      place: gateway,
      service: gateway,
      isError: isFailure(call),
      faults: call.links.flatMap((link) => byId.get(link) ?? []),
      seq: call.attributes.decisions.at(-1)?.seq ?? call.seq,
    },
  }));
  const approvals = view.approvals.map((approval) => ({
    ...common(approval),
    name: `approval of ${approval.name}`,
    place: gateway,
    service: gateway,
    isError: false,
    faults: [],
  }));
  const exchanges = wireCalls.map((call) => ({
    span: call,
    node: {
      ...common(call),
      name: call.name,
      place: call.attributes.link,
      service: calleeOf(call.attributes.link),
      isOnLink: true,
      isError: call.status === "error",
      faults: call.attributes.faults.flatMap((fault) => byFault.get(fault) ?? []),
    },
  }));
  const sent = joinSpans(view, telemetry, { calls, wireCalls: exchanges });
  nodes.push(...calls.map(({ node }) => node), ...approvals, ...exchanges.map(({ node }) => node), ...sent.nodes);
  const rows = layOutTree<WaterfallSpan>(nodes);
  const services = [...new Set(rows.map(({ span }) => span.service))];
  return { rows, services, notes: noteTexts(sent.notes, telemetry) };
}

/** A refusal by policy is what a gateway is for, and no failure. */
function isFailure({ status, attributes }: Span<"call">): boolean {
  return status === "upstream_error" || status === "tool_error" || attributes.end?.outcome === "upstream_error";
}

/** The rows that are left when some are collapsed and a text is searched, by their indexes; what is above a match stays. */
export function visibleRows(rows: readonly WaterfallRow[], collapsed: ReadonlySet<string>, search: string): number[] {
  const wanted = search.trim().toLowerCase();
  if (wanted === "") {
    const visible: number[] = [];
    for (let at = 0; at < rows.length; at++) {
      visible.push(at);
      const row = rows[at];
      if (row !== undefined && collapsed.has(row.span.id)) at += row.descendants;
    }
    return visible;
  }
  const found = new Set<number>();
  for (const [at, { span }] of rows.entries()) {
    if (!isMatch(span, wanted)) continue;
    for (let above = at; above >= 0 && !found.has(above); above = rows[above]?.parentRow ?? -1) found.add(above);
  }
  return [...found].sort((one, other) => one - other);
}

/** By its names, its trace, and the texts of its attributes. */
function isMatch({ name, place, faults, sent }: WaterfallSpan, wanted: string): boolean {
  const has = (text: unknown) => typeof text === "string" && text.toLowerCase().includes(wanted);
  if (has(name) || has(place) || faults.some(has)) return true;
  return sent !== undefined && (sent.traceId === wanted || Object.values(sent.attributes).some(has));
}
