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
    const difference = matched ? "" : differenceOf(expected, actual, match);
    return { invocationId: invocation.id, expected, actual, matched, difference };
  });
}

function bare({ name, arguments: given }: Use): Use {
  return { name, arguments: given };
}

const MATCHES: Record<TrajectoryMatch, (expected: readonly Use[], actual: readonly Use[]) => boolean> = {
  EXACT: (expected, actual) => isDeepStrictEqual(expected, actual),
  IN_ORDER: (expected, actual) => unmatched(expected, actual, true).missing === undefined,
  ANY_ORDER: (expected, actual) => unmatched(expected, actual, false).missing === undefined,
};

/** The first expected use that is not among the actual ones, and those that it could have been. */
function unmatched(expected: readonly Use[], actual: readonly Use[], isOrdered: boolean) {
  let left = [...actual];
  for (const use of expected) {
    const at = left.findIndex((each) => isDeepStrictEqual(each, use));
    if (at < 0) return { missing: use, left };
    left = isOrdered ? left.slice(at + 1) : left.toSpliced(at, 1);
  }
  return { missing: undefined, left };
}

function differenceOf(expected: readonly Use[], actual: readonly Use[], match: TrajectoryMatch): string {
  if (match === "EXACT") return firstDifference(expected, actual);
  const { missing, left } = unmatched(expected, actual, match === "IN_ORDER");
  const alike = left.find(({ name }) => name === missing?.name);
  if (missing === undefined) return "";
  return alike === undefined ? `${missing.name} is missing` : differenceOfArguments(missing, alike);
}

/** The first difference, at the field where there is one. */
function firstDifference(expected: readonly Use[], actual: readonly Use[]): string {
  for (let at = 0; at < Math.max(expected.length, actual.length); at++) {
    const [wanted, got] = [expected[at], actual[at]];
    const position = `use ${at + 1}`;
    if (wanted === undefined) return `${position}: ${got?.name} was not expected`;
    if (got === undefined) return `${position}: ${wanted.name} is missing`;
    if (wanted.name !== got.name) return `${position}: expected ${wanted.name}, got ${got.name}`;
    if (!isDeepStrictEqual(wanted, got)) return `${position}, ${differenceOfArguments(wanted, got)}`;
  }
  return "";
}

function differenceOfArguments(wanted: Use, got: Use): string {
  const names = new Set([...Object.keys(wanted.arguments), ...Object.keys(got.arguments)]);
  for (const name of names) {
    const [one, other] = [wanted.arguments[name], got.arguments[name]];
    if (!isDeepStrictEqual(one, other)) {
      return `${wanted.name}: argument ${name} is ${shown(other)}, expected ${shown(one)}`;
    }
  }
  return "";
}

function shown(value: unknown): string {
  return value === undefined ? "absent" : JSON.stringify(value);
}
