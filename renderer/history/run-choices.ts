import { type RunSummary, SAMPLED_RUNS } from "../../electron/contract/history.ts";
import { EVALUATED_RUNS } from "../../electron/contract/traces.ts";

/** Why a run cannot be deleted; undefined when it can. */
export function whyNotDelete({ outcome, pinned }: Pick<RunSummary, "outcome" | "pinned">): string | undefined {
  if (outcome === null) return "The run is in progress: cancel it first";
  return pinned ? "The run is pinned: unpin it first" : undefined;
}

const NO_SCENARIO: Record<Exclude<RunSummary["kind"], "scenario">, string> = {
  manual: "A manual session has no scenario to repeat",
  session: "A live session has no scenario to repeat",
  trace: "A trace has no scenario to repeat",
  evaluation: "An evaluation has no scenario to repeat",
};

/** Why a run itself cannot be repeated; undefined when it can. */
export function whyNotRepeat({ outcome, kind }: Pick<RunSummary, "outcome" | "kind">): string | undefined {
  if (outcome === null) return "The run is in progress";
  return kind === "scenario" ? undefined : NO_SCENARIO[kind];
}

export function whyNotCompare(chosen: readonly RunSummary[]): string | undefined {
  if (chosen.length < 2) return "Select two runs, or more, to compare them";
  return chosen.length > SAMPLED_RUNS ? `At most ${SAMPLED_RUNS} runs can be compared` : undefined;
}

/**
 * The older ones first: changes are read from left to right. More than two runs are sets: by their protections where those
 * are of two kinds, else by their scenarios where those are two, else they are one set.
 */
export function comparedInOrder(chosen: readonly RunSummary[]): { left: string[]; right: string[] } {
  const sorted = chosen.toSorted((a, b) => a.startedWallMs - b.startedWallMs);
  const ids = (runs: readonly RunSummary[] = []) => runs.map(({ id }) => id);
  if (sorted.length === 2) return { left: ids(sorted.slice(0, 1)), right: ids(sorted.slice(1)) };
  for (const kindOf of [({ without }: RunSummary) => without.join(), ({ scenarioId }: RunSummary) => scenarioId]) {
    const kinds = [...Map.groupBy(sorted, kindOf).values()];
    if (kinds.length === 2) return { left: ids(kinds[0]), right: ids(kinds[1]) };
  }
  return { left: ids(sorted), right: [] };
}

export function whyNotEvaluate(chosen: readonly RunSummary[]): string | undefined {
  if (chosen.length === 0) return "Select the traces or runs to evaluate";
  if (chosen.length > EVALUATED_RUNS) return `At most ${EVALUATED_RUNS} are evaluated at once`;
  if (chosen.some(({ kind }) => kind === "evaluation")) return "An evaluation is none itself: select what it was of";
  if (chosen.some(({ outcome }) => outcome === null)) return "A selected run is in progress";
  return chosen.some(({ raw }) => raw) ? "A selected run was recorded raw" : undefined;
}

const MOST_EXPORTED = 200;

export function whyNotExport(chosen: readonly RunSummary[]): string | undefined {
  if (chosen.length === 0) return "Select the runs to export";
  if (chosen.some(({ outcome }) => outcome === null)) return "A selected run is in progress";
  const raw = chosen.filter((run) => run.raw).length;
  if (raw > 0) {
    const which = chosen.length === 1 ? "It was" : `${raw} of them ${raw === 1 ? "was" : "were"}`;
    return `${which} recorded raw: turn "Keep runs raw" off in the settings, run again and export that run`;
  }
  return chosen.length > MOST_EXPORTED ? `At most ${MOST_EXPORTED} runs go into one bundle` : undefined;
}

export function whyNotDeleteAll(chosen: readonly RunSummary[]): string | undefined {
  if (chosen.length === 0) return "Select the runs to delete";
  const reasons = chosen.map(whyNotDelete);
  return reasons.every((reason) => reason !== undefined) ? "All selected runs are pinned or in progress" : undefined;
}
