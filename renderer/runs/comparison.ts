import { type Brief, brief, briefCheck } from "../../electron/model/brief-text.ts";
import type { RunView } from "../../electron/model/run-view.ts";

/** One aspect in which two runs are compared. */
export interface ComparedFact {
  name: string;
  left: string;
  right: string;
  differs: boolean;
}

const NOTHING = "–";
const OF_CHECK = "Check: ";

/** Both sides as they are shown: of lists the first difference is marked, of a failed check that from its expectation. */
export function briefFact({ name, left, right }: ComparedFact): { left: Brief; right: Brief } {
  if (name.startsWith(OF_CHECK)) {
    const check = name.slice(OF_CHECK.length);
    return { left: brief(left, check), right: brief(right, check) };
  }
  const { expected, observed } = briefCheck({ expected: left, observed: right });
  return { left: expected, right: observed };
}

/** The comparison of two runs: outcomes, decisions, faults and every check of either. */
export function compareRuns(left: RunView, right: RunView, formatMs: (ms: number) => string): ComparedFact[] {
  const fact = (name: string, of: (view: RunView) => string, isTime = false): ComparedFact => {
    const [a, b] = [of(left), of(right)];
    return { name, left: a, right: b, differs: !isTime && a !== b };
  };
  const checks = [...new Set([...left.checks, ...right.checks].map(({ event }) => event.check))];
  return [
    fact("Outcome", (view) => view.ended?.outcome ?? "running"),
    fact("Protections off", (view) => view.started?.without.join(", ") || "none"),
    fact("Duration", (view) => formatMs(view.ended?.atMs ?? view.lastMs), true),
    fact(
      "Decisions",
      (view) => view.decisions.map(({ event: { tool, decision } }) => `${tool} ${decision}`).join(", ") || NOTHING,
    ),
    fact("Faults", (view) => view.faults.map(({ name }) => name).join(", ") || NOTHING),
    ...checks.map((check) =>
      fact(`${OF_CHECK}${check}`, (view) => {
        const found = view.checks.find(({ event }) => event.check === check)?.event;
        if (found === undefined) return NOTHING;
        if (found.inconclusive !== undefined) return `inconclusive: ${found.inconclusive}`;
        return found.passed ? "passed" : `expected ${found.expected}; observed ${found.observed}`;
      }),
    ),
  ];
}
