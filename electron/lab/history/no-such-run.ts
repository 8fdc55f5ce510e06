import { LabError } from "../lab-error.ts";

export function noSuchRun(runId: string): LabError {
  return new LabError("bad-input", `no run has the id ${runId}`, { hint: "it may have been deleted; see the history" });
}

/** @param rows two at most of those whose ids begin so. @throws LabError unless there is one */
export function theOnly<Row>([row, another]: readonly Row[], idOrPrefix: string): Row {
  if (row === undefined || idOrPrefix === "") {
    throw new LabError("bad-input", `no run has the id ${idOrPrefix || "(empty)"}`, {
      hint: {
        terminal: "see `resilience-lab history list`",
        window: "the History page lists the runs; it may have been deleted",
      },
    });
  }
  if (another === undefined) return row;
  throw new LabError("bad-input", `more than one run begins with ${idOrPrefix}`, { hint: "give more of the id" });
}
