import { endedAsExpected } from "../../electron/contract/runs.ts";
import { formatRoute } from "../state/route.ts";
import { BriefText } from "../ui/brief-text.tsx";
import { OutcomeBadge } from "../ui/outcome.tsx";
import classes from "./batch-grid.module.css";
import type { BatchRun, BatchGrid as Grid } from "./batch-runs-of.ts";

/** Scenarios down, protections across: what became of each run, and what happened in it. */
export function BatchGrid({ grid: { columns, rows } }: { grid: Grid }) {
  return (
    <div className={classes.scroll}>
      <table className={classes.grid} aria-label="Scenarios by protections">
        <thead>
          <tr>
            <th scope="col">Scenario</th>
            {columns.map((column) => (
              <th key={column} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ scenarioId, title, cells }) => (
            <tr key={scenarioId}>
              <th scope="row">{title}</th>
              {cells.map((runs, at) => (
                <td key={columns[at]}>
                  {runs.length === 0 && <span className={classes.none}>not run</span>}
                  {runs.map((run) => (
                    <BatchCell key={run.batch.number} run={run} title={title} />
                  ))}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function BatchCell({ run, title }: { run: BatchRun; title: string }) {
  const { runId, without, state } = run;
  const off = without.length === 0 ? "" : `without ${without.join(", ")}`;
  return (
    <div
      className={classes.cell}
      data-unexpected={(state === "ended" && !endedAsExpected(run.outcome, run.batch.showsFailure)) || undefined}
    >
      <div className={classes.verdict}>
        <BatchOutcome run={run} />
        {runId !== null && (
          <a href={formatRoute({ at: "run", runId })} aria-label={`Open the run of ${title}${off && ` ${off}`}`}>
            {off || "Open"}
          </a>
        )}
      </div>
      <WhatHappened run={run} />
    </div>
  );
}

/** Its outcome, and whether that was asked for. */
export function BatchOutcome({ run }: { run: BatchRun }) {
  const { outcome, state, batch } = run;
  if (state === "queued") return <span className={classes.none}>waits</span>;
  return (
    <>
      <OutcomeBadge outcome={outcome} />
      {batch.showsFailure && outcome === "failed" && <span>on purpose</span>}
      {batch.showsFailure && outcome === "passed" && <span>though it was to fail</span>}
    </>
  );
}

export function WhatHappened({ run: { headline, reason, scenarioTitle } }: { run: BatchRun }) {
  if (headline !== null) return <p>{headline}</p>;
  if (reason === null || reason === "") return null;
  return (
    <p>
      <BriefText text={reason} of={scenarioTitle} />
    </p>
  );
}
