import { isDeepStrictEqual } from "node:util";
import type { TRAJECTORY_MATCHES } from "../../model/evaluation.ts";
import type { ExpectedTurn } from "./eval-set.ts";
import type { Invocation, ToolUse } from "./invocation.ts";

export type TrajectoryMatch = (typeof TRAJECTORY_MATCHES)[number];

type Use = Pick<ToolUse, "name" | "arguments">;

/** One turn of a trace beside the one that was expected. */
export interface TrajectoryComparison {
  invocationId: string;
  expected: readonly Use[];
  actual: readonly Use[];
  matched: boolean;
  /** For a person; empty when it matched. */
  difference: string;
}

/**
 * `tool_trajectory_avg_score`: the share of turns whose tools match, by name and arguments. EXACT: the same uses in the
 * same order. IN_ORDER: the expected uses in order, others between them. ANY_ORDER: each expected use, in any order.
 */
export function compareTrajectory(
  turns: readonly (readonly [ExpectedTurn, Invocation])[],
  match: TrajectoryMatch,
): TrajectoryComparison[] {
  return turns.map(([{ toolUses }, invocation]) => {
    const [expected, actual] = [toolUses.map(bare), invocation.toolUses.map(bare)];
    const matched = MATCHES[match](expected, actual);
    const difference = matched ? "" : differenceOf(expected, actual);
    return { invocationId: invocation.id, expected, actual, matched, difference };
  });
}

function bare({ name, arguments: given }: Use): Use {
  return { name, arguments: given };
}

const MATCHES: Record<TrajectoryMatch, (expected: readonly Use[], actual: readonly Use[]) => boolean> = {
  EXACT: (expected, actual) => isDeepStrictEqual(expected, actual),
  IN_ORDER(expected, actual) {
    let next = 0;
    for (const use of actual) if (isDeepStrictEqual(use, expected[next])) next++;
    return next === expected.length;
  },
  ANY_ORDER(expected, actual) {
    const left = [...actual];
    return expected.every((use) => {
      const at = left.findIndex((each) => isDeepStrictEqual(each, use));
      if (at >= 0) left.splice(at, 1);
      return at >= 0;
    });
  },
};

/** The first difference, at the field where there is one. */
function differenceOf(expected: readonly Use[], actual: readonly Use[]): string {
  for (let at = 0; at < Math.max(expected.length, actual.length); at++) {
    const [wanted, got] = [expected[at], actual[at]];
    const position = `use ${at + 1}`;
    if (wanted === undefined) return `${position}: ${got?.name} was not expected`;
    if (got === undefined) return `${position}: ${wanted.name} is missing`;
    if (wanted.name !== got.name) return `${position}: expected ${wanted.name}, got ${got.name}`;
    const names = new Set([...Object.keys(wanted.arguments), ...Object.keys(got.arguments)]);
    for (const name of names) {
      const [one, other] = [wanted.arguments[name], got.arguments[name]];
      if (isDeepStrictEqual(one, other)) continue;
      return `${position}, ${wanted.name}: argument ${name} is ${shown(other)}, expected ${shown(one)}`;
    }
  }
  return "the same uses, in another order";
}

function shown(value: unknown): string {
  return value === undefined ? "absent" : JSON.stringify(value);
}
