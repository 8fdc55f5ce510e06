import { hitsOn, type RunView } from "../../model/run-view.ts";
import type { Span } from "../../model/span.ts";
import { readsRequests } from "../faults/link-faults.ts";
import { requestedFault } from "../faults/requested-fault.ts";
import type { Check } from "./check-schema.ts";
import type { Scenario, Step } from "./schema.ts";

export type FaultHitCheck = Extract<Check, { faultHit: unknown }>;
type Wanted = Exclude<FaultHitCheck["faultHit"], "none">;

/** How many hits the faults selected by a check have so far. */
export function hitsOf(view: RunView, { link, kind, tool }: Wanted): number {
  const isSelected = ({ attributes }: Span<"fault">) =>
    attributes.target === link && (kind === undefined || attributes.kind === kind);
  const faults = view.faults.filter(isSelected);
  if (tool === undefined) return faults.reduce((sum, fault) => sum + hitsOn(view, fault), 0);
  const ids = new Set(faults.map(({ attributes }) => attributes.fault));
  return view.hits.filter(({ event }) => ids.has(event.fault) && event.tool === tool).length;
}

/** `faultHit create_refund reply_lost gateway->payments-mcp`, the name of the check in its verdict. */
export function nameOf({ link, kind, tool }: Wanted): string {
  return ["faultHit", tool, kind, link].filter((part) => part !== undefined).join(" ");
}

/**
 * Implicit checks: each fault that reads requests must be hit at least once if calls are made while it is in force. Not
 * for links that the scenario checks itself, and none with `faultHit: none`.
 */
export function impliedFaultHits({ method, expect }: Pick<Scenario, "method" | "expect">): FaultHitCheck[] {
  const written = expect.flatMap((check) => ("faultHit" in check ? [check.faultHit] : []));
  if (written.includes("none")) return [];
  const implied = method.flatMap((step, index) => {
    if (!("fault" in step)) return [];
    const { on, kind, target: link } = requestedFault(step.fault);
    if (on !== "link" || kind === "down" || kind === "observe" || !readsRequests(kind)) return [];
    const isWritten = written.some(
      (each) => each !== "none" && each.link === link && (each.kind === undefined || each.kind === kind),
    );
    return isWritten || !isCalled(method.slice(index + 1), link) ? [] : [{ faultHit: { link, kind } }];
  });
  const texts = implied.map((check) => JSON.stringify(check));
  return implied.filter((_check, index) => texts.indexOf(texts[index] ?? "") === index);
}

/** Whether calls are made before the fault on a link is undone. */
function isCalled(after: readonly Step[], link: string): boolean {
  const undone = after.findIndex((step) => "undo" in step && (step.undo === "all" || step.undo === link));
  const during = undone < 0 ? after : after.slice(0, undone);
  return during.some((step) => "agent" in step || "call" in step || "storm" in step);
}
