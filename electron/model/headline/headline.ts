import type { Outcome } from "../lab-event.ts";
import type { RunView } from "../run-view.ts";
import { visibleLine } from "../visible-text.ts";
import { callClauses, furtherClauses } from "./call-clauses.ts";
import { endedCalls } from "./call-ending.ts";
import { capitalised, displayName, joined, protectionName } from "./display-name.ts";
import { causeOf, realFaults } from "./fault-phrase.ts";

/** Length of a headline at most, in UTF-16 units. */
export const HEADLINE_CHARS = 120;

/**
 * What happened in a run, as one sentence without a full stop, at most {@link HEADLINE_CHARS} long: the fault and what became
 * of the calls. Derived from the events alone, so also right for scenarios and stacks that the lab has never seen.
 */
export function headlineOf(view: RunView): string {
  const { ended } = view;
  const special = ended === undefined ? undefined : OF_OUTCOME[ended.outcome]?.(view, ended.reason);
  return capitalised(fitted(special === undefined ? clausesOf(view) : [special]));
}

/** Of runs whose end matters more than their calls. */
const OF_OUTCOME: Partial<Record<Outcome, (view: RunView, reason: string) => string>> = {
  precondition: (_view, reason) => `nothing was broken: ${reason}`,
  error: (_view, reason) => `the lab could not finish the run: ${reason}`,
  cancelled: (_view, reason) => reason,
  interrupted: () => "the lab was killed during the run",
  residue(view, reason) {
    const left = realFaults(view).filter(({ status }) => status !== "restored");
    const names = [...new Set(left.map(({ attributes }) => displayName(view, attributes.target)))];
    return names.length === 0 ? reason : `${joined(names)} ${names.length > 1 ? "are" : "is"} not restored`;
  },
};

/** The sentence in parts of falling importance; the first is always shown. */
function clausesOf(view: RunView): string[] {
  const calls = endedCalls(view);
  const [first = withoutCalls(view), ...others] = callClauses(view, calls);
  const further = furtherClauses(view, calls);
  return [`${leadOf(view)}${first}`, ...others, ...further];
}

/** `payments is down: `; for a run without a protection, `without the budget, `. */
function leadOf(view: RunView): string {
  const cause = causeOf(view);
  const without = view.started?.without ?? [];
  if (without.length === 0) return cause === undefined ? "" : `${cause}: `;
  const lead = `without ${joined(without.map(protectionName))}`;
  const isSaid = cause === undefined || endedCalls(view).some(({ ending }) => ending === "failed");
  return isSaid ? `${lead}, ` : `${lead}, ${cause}: `;
}

function withoutCalls(view: RunView): string {
  if (view.steps.some(({ attributes }) => attributes.kind === "agent")) return "the agent could call no tool";
  const done = view.steps.filter(({ status }) => status === "ok").length;
  const steps = `${done} of ${view.steps.length} steps done`;
  return realFaults(view).length > 0 ? "no tool was called" : `${steps}, no tool was called`;
}

/** As many of the clauses as fit; the first is cut where it must be. */
function fitted(clauses: readonly string[]): string {
  const [first = "", ...others] = clauses.map((clause) => visibleLine(clause).trim());
  let text = first;
  for (const clause of others) {
    const longer = `${text}${clause.startsWith("after ") || clause.startsWith("(") ? " " : ", "}${clause}`;
    if (longer.length > HEADLINE_CHARS) break;
    text = longer;
  }
  if (text.length <= HEADLINE_CHARS) return text.toWellFormed();
  const cut = text.slice(0, HEADLINE_CHARS - 1);
  const space = cut.lastIndexOf(" ");
  return `${cut.slice(0, space > HEADLINE_CHARS / 2 ? space : undefined).replace(/[\ud800-\udbff]$/, "")}…`.toWellFormed();
}
