import { writeFileSync } from "node:fs";
import { emptyRunView, foldAll } from "../../lab/events/fold.ts";
import type { LabEvent, Outcome } from "../../lab/events/lab-event.ts";
import { Lab, shippedScenarios, type Workbench } from "../../lab/lab.ts";
import { LabError, messageOf } from "../../lab/lab-error.ts";
import { REPORT_FORMATS, render } from "../../lab/reports/formats.ts";
import { compactDecisions, type RunReport, summaryLine, toReport } from "../../lab/reports/run-report.ts";
import { type LoadedScenario, resolveScenarios } from "../../lab/scenarios/load.ts";
import type { RunningStack } from "../../lab/stack/running-stack.ts";
import { type Command, EXIT, oneOf, positiveInteger, readWords, type Terminal } from "./command.ts";
import { LiveScreen } from "./live-screen.ts";
import { paintFor } from "./paint.ts";
import { RunPrinter } from "./run-printer.ts";
import { PLACE_HELP, PLACE_OPTIONS, type Place, placeOf, progressText } from "./stack-place.ts";

const OPTIONS_HELP = `  --without NAME      switch a protection of the gateway off (may be repeated): see the failure it stops
  --repeat N          run everything N times
  --accept-existing   run on a stack that is broken already: what is found is named in each run, and left as it is
  --fail-fast         stop at the first run that is not green
  --raw               record the runs as they are, secrets not redacted; they cannot be exported
  --reporter KIND     pretty (default), json, junit or markdown
  --out FILE          write that report to a file and show the runs as they happen
${PLACE_HELP}`;

const options = {
  without: { type: "string", multiple: true },
  repeat: { type: "string", default: "1" },
  "fail-fast": { type: "boolean", default: false },
  "accept-existing": { type: "boolean", default: false },
  raw: { type: "boolean", default: false },
  reporter: { type: "string", default: "pretty" },
  out: { type: "string" },
  ...PLACE_OPTIONS,
} as const;

export const runCommand: Command = {
  help: `resilience-lab run FILE|FOLDER|ID... [options]

Runs scenarios in order, each on a stack in its steady state, and puts back what each has broken. A FILE may also be a
ToolGate eval suite. Uses the stack that \`stack up\` left, else brings one up and takes it down at the end. A compose
project that is already up on Docker is used as it is, and left as it was found.

${OPTIONS_HELP}

A report for a program is alone on standard output; what people read goes to the other stream. A run that could not see
what it is judged by ends as inconclusive: not green, and an error in JUnit.

Exit: 0 all green, 1 something was not, 2 bad input, 130 interrupted.`,
  run: (words, terminal) => {
    const { values, positionals } = readWords("run", words, options);
    if (positionals.length === 0) {
      throw new LabError("bad-input", "say what to run: a file, a folder or the id of a shipped scenario", {
        cure: "see `resilience-lab scenarios list`",
      });
    }
    return run(resolveScenarios(positionals, shippedScenarios()), values, terminal);
  },
};

export const demoCommand: Command = {
  help: `resilience-lab demo [options]

Brings the reference stack up without Docker, runs every shipped scenario and takes everything down again.

${OPTIONS_HELP}`,
  run: (words, terminal) => {
    const { values, positionals } = readWords("demo", words, options);
    if (positionals.length > 0)
      throw new LabError("bad-input", `demo runs every scenario; it takes no "${positionals[0]}"`);
    return run(shippedScenarios(), values, terminal);
  },
};

type Values = ReturnType<typeof readWords<typeof options>>["values"];

async function run(scenarios: LoadedScenario[], values: Values, terminal: Terminal): Promise<number> {
  const reporter = oneOf("--reporter", values.reporter, ["pretty", ...REPORT_FORMATS]);
  const repeat = positiveInteger("--repeat", values.repeat);
  const without = [...new Set(values.without?.flatMap((names) => names.split(",")) ?? [])].sort();
  if (values.out !== undefined && reporter === "pretty") {
    throw new LabError("bad-input", "--out needs a --reporter: json, junit or markdown");
  }
  // Now rather than after minutes of runs.
  if (values.out !== undefined) save(values.out, "");
  // A report on standard output is for a program: what people read goes to the other stream.
  const shown = reporter === "pretty" || values.out !== undefined ? terminal.out : terminal.err;
  const screen = new LiveScreen(shown);
  const lab = Lab.open(terminal.environment, terminal.strays);
  const reports: RunReport[] = [];
  try {
    for (const notice of lab.notices()) screen.line(notice);
    lab.history.assertWritable();
    const place = await placeOf(values, lab, screen, "must be up");
    const purpose = `running ${scenarios.map(({ scenario }) => scenario.id).join(", ")}`;
    const batch = Array.from({ length: repeat }, () => scenarios).flat();
    await lab.work(purpose, terminal.signal, async (bench) => {
      sayRecovered(bench, screen);
      await withStack(bench, place, { screen, terminal }, async (running) => {
        running.assertProtections(without);
        const before = running.registered.without ?? [];
        try {
          await running.setProtectionsOff(without, terminal.signal);
          reports.push(
            ...(await runAll(batch, bench, running, {
              screen,
              terminal,
              failFast: values["fail-fast"],
              acceptExisting: values["accept-existing"],
              keepRaw: values.raw,
            })),
          );
        } finally {
          await running.setProtectionsOff(before, new AbortController().signal);
        }
      });
    });
  } finally {
    screen.close();
    lab.close();
  }
  if (reporter === "pretty") terminal.out.write(`\n${summary(reports)}\n`);
  else if (values.out === undefined) terminal.out.write(render(reporter, reports));
  else {
    save(values.out, render(reporter, reports));
    terminal.out.write(`\n${summary(reports)}\n${reporter} report: ${values.out}\n`);
  }
  return terminal.signal.aborted ? EXIT.interrupted : exitCode(reports.map(({ outcome }) => outcome));
}

function exitCode(outcomes: readonly Outcome[]): number {
  return outcomes.length > 0 && outcomes.every((outcome) => outcome === "passed") ? EXIT.green : EXIT.failed;
}

function save(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new LabError("bad-input", `the report cannot be written to ${file}: ${messageOf(error)}`, { cause: error });
  }
}

interface Shown {
  screen: LiveScreen;
  terminal: Terminal;
}

/** Lends the stack that is up, or one brought up for this and taken down after, whatever happens in between. */
async function withStack(
  bench: Workbench,
  { stack, ports, driver, engine }: Place,
  { screen, terminal }: Shown,
  use: (running: RunningStack) => Promise<void>,
): Promise<void> {
  const kept = bench.kept(stack, driver);
  if (kept !== undefined) {
    screen.line(`using the stack that is up (${stack.project}${onEngine(kept)})`);
    return use(kept).finally(() => kept.close());
  }
  const found = engine && (await bench.attach(stack, engine));
  if (found !== undefined) {
    screen.line(`using project ${stack.project} as it was found${onEngine(found)}; it is left up`);
    return use(found).finally(() => found.close());
  }
  const startedMs = performance.now();
  screen.status(() => `starting ${stack.project}`);
  const running = await bench.up({
    stack,
    ports,
    kept: false,
    engine,
    signal: terminal.signal,
    report: (progress) => screen.status(() => `starting ${stack.project}: ${progressText(progress)}`),
  });
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  screen.line(`stack up in ${seconds} s${onEngine(running)}: ${stack.services.map(({ name }) => name).join(", ")}`);
  try {
    await use(running);
  } finally {
    screen.status(() => "taking the stack down");
    await running.down();
    screen.line("");
    screen.line("stack down: nothing is left running");
  }
}

function onEngine({ engine }: RunningStack): string {
  return engine === undefined ? "" : ` on ${engine}`;
}

interface Watching {
  screen: LiveScreen;
  terminal: Terminal;
  failFast: boolean;
  acceptExisting: boolean;
  keepRaw: boolean;
}

async function runAll(
  batch: readonly LoadedScenario[],
  bench: Workbench,
  running: RunningStack,
  { screen, terminal, failFast, acceptExisting, keepRaw }: Watching,
): Promise<RunReport[]> {
  const reports: RunReport[] = [];
  const printer = new RunPrinter((line) => screen.line(line), paintFor(screen.stream, terminal.environment));
  const print = (event: LabEvent) => {
    try {
      printer.take(event);
    } catch (error) {
      // The events are what the report is made of, so whoever takes them must not fail with the printing.
      setImmediate(() => {
        throw error;
      });
    }
  };
  for (const loaded of batch) {
    if (terminal.signal.aborted) break;
    const events: LabEvent[] = [];
    const startedMs = performance.now();
    screen.status(() => `${loaded.scenario.id}  ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
    const listen = (event: LabEvent) => {
      events.push(event);
      print(event);
    };
    await bench.run(loaded, running, terminal.signal, listen, { acceptExisting, keepRaw });
    screen.status(undefined);
    const report = toReport(foldAll(emptyRunView, events));
    reports.push(report);
    if (failFast && report.outcome !== "passed") break;
  }
  return reports;
}

function summary(reports: readonly RunReport[]): string {
  const width = Math.max(0, ...reports.map(({ scenario }) => scenario.length));
  const lines = reports.map(({ scenario, outcome, decisions }) => {
    return `  ${scenario.padEnd(width)}  ${outcome.padEnd(7)}  ${compactDecisions({ decisions })}`;
  });
  return [...lines, summaryLine(reports)].join("\n");
}

function sayRecovered(bench: Workbench, screen: LiveScreen): void {
  for (const { what, isRestored } of bench.recovered)
    screen.line(`${isRestored ? "recovered" : "NOT recovered"}: ${what}`);
  if (bench.interrupted > 0) screen.line(`recovered: ${bench.interrupted} unfinished run(s) marked interrupted`);
}
