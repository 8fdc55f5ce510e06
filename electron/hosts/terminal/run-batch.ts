import { type RunReport, toReport } from "../../lab/reports/run-report.ts";
import type { PlaylistRun } from "../../lab/scenarios/playlist.ts";
import { differencesOf } from "../../model/headline/run-differences.ts";
import type { LabEvent } from "../../model/lab-event.ts";
import { RunModel } from "../../model/run-model.ts";
import type { Terminal } from "./command.ts";
import type { LiveScreen } from "./live-screen.ts";
import { paintFor } from "./paint.ts";
import type { RanThere } from "./run-in-open-lab.ts";
import { RunPrinter } from "./run-printer.ts";

/** What has been run so far. */
export interface Ran {
  reports: RunReport[];
  /** False when a run has no report: it did not start, or the lab that it ran in has ended. */
  isComplete: boolean;
}

export interface Watching {
  screen: LiveScreen;
  terminal: Terminal;
  failFast: boolean;
  keepRaw: boolean;
  narrates: boolean;
  ran: Ran;
}

type RunOne = (run: PlaylistRun, listen: (event: LabEvent) => void, number: number) => Promise<RanThere>;

/** One after the other, shown as they happen. */
export async function runAll(batch: readonly PlaylistRun[], watching: Watching, runOne: RunOne): Promise<void> {
  const { screen, terminal, failFast, narrates, ran } = watching;
  const printer = new RunPrinter(
    (line) => screen.styledLine(line),
    paintFor(screen.output, terminal.environment),
    narrates,
  );
  const print = (event: LabEvent) => {
    try {
      printer.take(event);
    } catch (error) {
      // The report is made from these events: a failure of the printer must not lose them.
      setImmediate(() => {
        throw error;
      });
    }
  };
  let before: RunModel | undefined;
  for (const [index, run] of batch.entries()) {
    if (terminal.signal.aborted) break;
    const { id } = run.loaded.scenario;
    const events: LabEvent[] = [];
    const startedMs = performance.now();
    const showTime = () => screen.status(() => `${id}  ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
    showTime();
    const listen = (event: LabEvent) => {
      if (events.length === 0) showTime();
      events.push(event);
      print(event);
    };
    const ended = await runOne(run, listen, index + 1);
    screen.status(undefined);
    const model = RunModel.of(events);
    if (ended.is === "gone") {
      ran.isComplete = false;
      const left = batch.length - index - 1;
      const others = left === 0 ? "" : `; ${left} more ${left === 1 ? "was" : "were"} not run`;
      screen.line(`the lab that ${id} ran in has ended; what it broke is undone by it or its watchdog${others}`);
      if (model.ended !== undefined) ran.reports.push(toReport(model));
      break;
    }
    if (ended.is === "not started") {
      ran.isComplete = false;
      screen.line(`${id} did not start: ${ended.reason}`);
      if (failFast) break;
      continue;
    }
    if (run.isCompared && before !== undefined) showDifferences(before, model, screen);
    before = model;
    const report = toReport(model);
    ran.reports.push(report);
    if (failFast && report.outcome !== "passed") break;
  }
}

/** How the pattern differs from the failure. */
function showDifferences(failure: RunModel, pattern: RunModel, screen: LiveScreen): void {
  screen.line("");
  for (const { what, left, right, isFirst } of differencesOf(failure, pattern)) {
    screen.line(`${isFirst ? "first difference, " : ""}${what}: ${left} -> ${right}`);
  }
}
