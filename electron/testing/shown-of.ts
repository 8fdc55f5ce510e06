import type { RunView } from "../model/run-view.ts";

/** A view without how it came to be: the versions that its spans had before. */
export function shownOf(view: RunView): object {
  const { seq, runId, lastMs, started, ended, decisions, hits, checks, warnings } = view;
  const { phases, steps, faults, health, calls, approvals } = view;
  const spans = [phases, steps, faults, health, calls, approvals].map((all) =>
    all.map(({ before: _before, ...span }) => span),
  );
  return { seq, runId, lastMs, started, ended, spans, decisions, hits, checks, warnings };
}
