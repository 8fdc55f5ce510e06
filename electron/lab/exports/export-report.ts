import type { RunsReportFormat } from "../../contract/bundles.ts";
import { RunModel } from "../../model/run-model.ts";
import { endedRuns } from "../bundles/export-bundle.ts";
import type { RunStore } from "../history/run-store.ts";
import { Redactor } from "../redaction/redactor.ts";
import { render } from "../reports/formats.ts";
import { type RunReport, toReport } from "../reports/run-report.ts";
import { type RunFile, redactedEvents } from "./export-run-file.ts";

const REPORT_ENDINGS: Record<RunsReportFormat, string> = { junit: ".junit.xml", markdown: ".md" };

/** One report of several runs. @throws LabError as an export of a bundle does */
export async function exportReport(
  history: RunStore,
  runIds: readonly string[],
  format: RunsReportFormat,
  signal: AbortSignal = new AbortController().signal,
): Promise<RunFile> {
  const runs = await endedRuns(history, runIds);
  const reports: RunReport[] = [];
  for (const run of runs) {
    reports.push(toReport(RunModel.of(await redactedEvents(history, run, new Redactor(), signal))));
  }
  return {
    fileName: `resilience-lab-${runs.length}-runs${REPORT_ENDINGS[format]}`,
    text: render(format, reports),
  };
}
