import { lookOfSpan } from "./looks.ts";
import type { RunView } from "./run-view.ts";
import { type AnySpan, isOpen, lastedUntil, type Span } from "./span.ts";
import { layOutTree, type TreeRow, type TreeSpan } from "./span-tree.ts";
import type { Tone } from "./tone.ts";

/** A span of a run's waterfall: a step, and below it what it led to. Times are milliseconds on the run's clock. */
export interface WaterfallSpan extends TreeSpan {
  name: string;
  /** Where it happened: a service, a link, or the lab. */
  place: string;
  tone: Tone;
  isError: boolean;
  isOpen: boolean;
  /** Names of the faults that its request met. */
  faults: readonly string[];
  /** Event to show for it. */
  seq: number;
}

export type WaterfallRow = TreeRow<WaterfallSpan>;

/** Calls on links that no step led to: probes of a gateway, and those of the lab's own checks. */
export function besideSteps({ wireCalls }: RunView): number {
  return wireCalls.reduce((count, { parent }) => count + (parent === undefined ? 1 : 0), 0);
}

/**
 * The steps of a run as a tree, with their tool calls, the approvals that these waited for, and the calls on links.
 * @param withBeside also the calls of {@link besideSteps}, as roots
 */
export function waterfallOf(view: RunView, withBeside: boolean): WaterfallRow[] {
  const wireCalls = withBeside ? view.wireCalls : view.wireCalls.filter(({ parent }) => parent !== undefined);
  const gateway = view.started?.services.find(({ role }) => role === "gateway")?.name ?? "gateway";
  const byId = new Map(view.faults.map((fault) => [fault.id, fault.name]));
  const byFault = new Map(view.faults.map((fault) => [fault.attributes.fault, fault.name]));
  const common = (span: AnySpan) => ({
    id: span.id,
    parent: span.parent,
    start: span.startMs,
    end: Math.max(span.startMs, lastedUntil(span, view.lastMs)),
    tone: lookOfSpan(span).tone,
    isOpen: isOpen(span),
    seq: span.seq,
  });
  return layOutTree<WaterfallSpan>([
    ...view.steps.map((step) => ({
      ...common(step),
      name: step.name,
      place: "lab",
      isError: step.status === "failed",
      faults: [],
    })),
    ...view.calls.map((call) => ({
      ...common(call),
      name: call.name,
      place: gateway,
      isError: isFailure(call),
      faults: call.links.flatMap((link) => byId.get(link) ?? []),
      seq: call.attributes.decisions.at(-1)?.seq ?? call.seq,
    })),
    ...view.approvals.map((approval) => ({
      ...common(approval),
      name: `approval of ${approval.name}`,
      place: gateway,
      isError: false,
      faults: [],
    })),
    ...wireCalls.map((call) => ({
      ...common(call),
      name: call.name,
      place: call.attributes.link,
      isError: call.status === "error",
      faults: call.attributes.faults.flatMap((fault) => byFault.get(fault) ?? []),
    })),
  ]);
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
    if (![span.name, span.place, ...span.faults].some((text) => text.toLowerCase().includes(wanted))) continue;
    for (let above = at; above >= 0 && !found.has(above); above = rows[above]?.parentRow ?? -1) found.add(above);
  }
  return [...found].sort((one, other) => one - other);
}
