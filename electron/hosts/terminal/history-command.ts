import { writeFile } from "node:fs/promises";
import { RUN_FILE_FORMATS } from "../../contract/bundles.ts";
import { kindOfRun } from "../../contract/runs.ts";
import { exportRunFile } from "../../lab/exports/export-run-file.ts";
import type { StoredRun } from "../../lab/history/run-store.ts";
import { Lab } from "../../lab/lab.ts";
import { LabError } from "../../lab/lab-error.ts";
import { REPORT_FORMATS, render } from "../../lab/reports/formats.ts";
import { toReport } from "../../lab/reports/run-report.ts";
import { hasAnnotations } from "../../model/annotations.ts";
import { formatDuration } from "../../model/duration.ts";
import { RunModel } from "../../model/run-model.ts";
import { visibleLine } from "../../model/visible-text.ts";
import { type Command, EXIT, oneOf, positiveInteger, readArguments, type Terminal } from "./command.ts";
import { paintFor } from "./paint.ts";
import { RunPrinter } from "./run-printer.ts";

const SHORT_ID = 8;

const options = {
  scenario: { type: "string" },
  tag: { type: "string" },
  limit: { type: "string", default: "20" },
  reporter: { type: "string", default: "pretty" },
  format: { type: "string" },
  out: { type: "string" },
} as const;
type Values = ReturnType<typeof readArguments<typeof options>>["values"];

export const historyCommand: Command = {
  help: `resilience-lab history list [--scenario ID] [--tag TAG] [--limit N]
resilience-lab history show RUN [--reporter pretty|json|junit|markdown]
resilience-lab history export RUN --format html|otlp|jaeger|har|csv [--out FILE]

RUN is a run's id or the first characters of it. \`list\` also reports what a crashed lab left broken, and the command that
restores it. \`export\` writes one run for another tool: OTLP or Jaeger JSON, a trace a turn; HAR of the calls on links; CSV
of calls and decisions. It is redacted as a bundle is; without --out it goes to standard output.`,
  async run(args, terminal) {
    const { values, positionals } = readArguments("history", args, options);
    const [action = "", run, ...more] = positionals;
    const wanted = oneOf("history", action, ["list", "show", "export"]);
    if (more.length > 0) throw new LabError("bad-input", `history ${wanted} takes no "${more[0]}"`);
    const lab = await Lab.open(terminal.environment);
    try {
      for (const notice of lab.notices()) terminal.err.write(`${notice}\n`);
      if (lab.history.readOnlyBecause) terminal.err.write(`read only: ${lab.history.readOnlyBecause}\n`);
      if (wanted === "list") {
        const code = await list(lab, values, terminal);
        for (const line of lab.reportUnrestored()) terminal.err.write(`${line}\n`);
        return code;
      }
      if (run === undefined) throw new LabError("bad-input", "specify which run: see `resilience-lab history list`");
      if (wanted === "export") return await exportRun(lab, run, values, terminal);
      return await show(lab, run, values, terminal);
    } finally {
      await lab.close();
    }
  },
};

async function list(lab: Lab, { scenario, tag, limit }: Values, { out }: Terminal): Promise<number> {
  const { runs } = await lab.history.list({
    limit: positiveInteger("--limit", limit),
    ...(scenario === undefined ? {} : { scenarioId: scenario }),
    ...(tag === undefined ? {} : { tag }),
  });
  if (runs.length === 0) out.write("no runs yet; `resilience-lab demo` makes some\n");
  for (const run of runs) {
    const when = new Date(run.startedWallMs).toISOString().replace("T", " ").slice(0, 19);
    const time = run.durationMs === null ? "" : formatDuration(run.durationMs);
    const off = run.without.length > 0 ? `  without ${run.without.join(", ")}` : "";
    const columns = [run.id.slice(0, SHORT_ID), when, shownOutcome(run).padEnd(12), time.padStart(8), run.scenarioId];
    const { name, tags } = run.annotations;
    const written = [name === "" ? [] : `"${visibleLine(name)}"`, tags.map((each) => `#${visibleLine(each)}`)].flat();
    const own = written.length === 0 ? "" : `  ${written.join(" ")}`;
    out.write(
      `${columns.join("  ")}${off}${own}${run.headline === null ? "" : `\n${" ".repeat(SHORT_ID + 2)}${run.headline}`}\n`,
    );
  }
  return EXIT.green;
}

/** A trace was not judged: it is stored with an outcome, and shown without one. */
function shownOutcome({ scenarioId, outcome, isAbandoned }: StoredRun): string {
  if (kindOfRun(scenarioId) === "trace") return "trace";
  return outcome ?? (isAbandoned ? "interrupted" : "running");
}

async function exportRun(lab: Lab, run: string, { format, out }: Values, terminal: Terminal): Promise<number> {
  const wanted = oneOf("--format", format ?? "", RUN_FILE_FORMATS);
  const { text } = await exportRunFile(lab.history, run, wanted, terminal.signal);
  if (out === undefined) {
    // A file gets the bytes of the format; a screen nothing that acts on it.
    if (terminal.out.isTTY) terminal.out.write(text);
    else terminal.out.stream.write(text);
  } else {
    await writeFile(out, text, { mode: 0o600 });
    terminal.err.write(`${out}: written\n`);
  }
  return EXIT.green;
}

async function show(lab: Lab, id: string, { reporter }: Values, { out, environment }: Terminal): Promise<number> {
  const format = oneOf("--reporter", reporter, ["pretty", ...REPORT_FORMATS]);
  const run = await lab.history.find(id);
  if (format !== "pretty") {
    if (run.outcome === null) throw new LabError("bad-input", `run ${run.id} has not ended: it has no report yet`);
    const model = new RunModel();
    for await (const event of lab.history.events(run.id)) model.take(event);
    const { annotations } = run;
    const report = toReport(model);
    out.write(render(format, [hasAnnotations(annotations) ? { ...report, annotations } : report]));
    return EXIT.green;
  }
  const printer = new RunPrinter((line) => out.writeStyled(`${line}\n`), paintFor(out, environment));
  for await (const event of lab.history.events(run.id)) printer.take(event);
  for (const { atMs, text } of run.annotations.notes) {
    out.write(`note${atMs === null ? "" : ` at ${formatDuration(atMs)}`}: ${visibleLine(text)}\n`);
  }
  return EXIT.green;
}
