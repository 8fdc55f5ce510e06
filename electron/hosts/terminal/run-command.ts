import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { dataFolder } from "../../lab/home.ts";
import { Lab } from "../../lab/lab.ts";
import { LabError, messageOf } from "../../lab/lab-error.ts";
import type { LabSession } from "../../lab/lab-session.ts";
import { openLabOf } from "../../lab/queue/open-lab.ts";
import { REPORT_FORMATS, render } from "../../lab/reports/formats.ts";
import { type LoadedScenario, resolveScenarios } from "../../lab/scenarios/load.ts";
import { matrixOf } from "../../lab/scenarios/matrix.ts";
import { type PlaylistRun, playlistNamed, playlistsIn, runsOf } from "../../lab/scenarios/playlist.ts";
import { referencesOf } from "../../lab/scenarios/references.ts";
import { SHIPPED_PLAYLISTS_FOLDER, SHIPPED_SCENARIOS_FOLDER, shippedScenarios } from "../../lab/scenarios/shipped.ts";
import { askedAt, casesNamed } from "../../lab/scenarios/suite.ts";
import type { StackNews } from "../../lab/stacks/open-stack.ts";
import type { ResolvedTarget } from "../../lab/stacks/resolve-target.ts";
import { driverOf } from "../../lab/stacks/run-target.ts";
import type { RunningStack } from "../../lab/stacks/running-stack.ts";
import { type Command, EXIT, oneOf, positiveInteger, readArguments, type Terminal } from "./command.ts";
import { LiveScreen } from "./live-screen.ts";
import { endedAsAsked, matrixTable } from "./matrix-table.ts";
import { type Ran, runAll, type Watching } from "./run-batch.ts";
import { OpenLab } from "./run-in-open-lab.ts";
import { summary } from "./run-summary.ts";
import { namesStack, progressText, TARGET_HELP, TARGET_OPTIONS, targetOf } from "./target-options.ts";

const OPTIONS_HELP = `  --without NAME      switch a protection of the gateway off (repeatable) to see the failure that it prevents
  --repeat N          run everything N times
  --matrix            run each scenario with every protection, then without each one that --without names, or without its own;
                      prints a table of outcomes: without its own protection a scenario is to fail
  --accept-existing   run on a stack that is already broken: existing damage is listed in each run and left unchanged
  --case NAME         of a ToolGate suite only the case of this name (repeatable)
  --agent URL         ask a suite's cases of the agent at this address (POST {"input"}, session_id in its reply)
  --fail-fast         stop at the first run that is not green
  --narrate           print what an audience reads: the opening, what each step says, and the closing
  --raw               record the runs without redaction; they cannot be exported
  --reporter KIND     pretty (default), json, junit or markdown
  --out FILE          write that report to a file and show the runs as they happen
${TARGET_HELP}`;

const options = {
  without: { type: "string", multiple: true },
  repeat: { type: "string", default: "1" },
  matrix: { type: "boolean", default: false },
  case: { type: "string", multiple: true },
  agent: { type: "string" },
  "fail-fast": { type: "boolean", default: false },
  "accept-existing": { type: "boolean", default: false },
  narrate: { type: "boolean", default: false },
  raw: { type: "boolean", default: false },
  reporter: { type: "string", default: "pretty" },
  out: { type: "string" },
  ...TARGET_OPTIONS,
} as const;

export const runCommand: Command = {
  help: `resilience-lab run FILE|FOLDER|ID... [options]

Runs scenarios in order, each on a stack in its steady state, and undoes the faults of each. A FILE may also be a
ToolGate eval suite, read as ToolGate reads it: calls that wait for a person are approved, and what is stopped before it
stays stopped (\`break\`). Where a lab with a window has the data folder open, they run there, on the stack that it has open, one
after the other and after what was started in the window; Ctrl-C cancels this command's run only. Else uses the stack that \`stack up\` left up, else brings one up and takes it down at the end. A compose
project that is already up on Docker is used as it is, and left as it was found.

${OPTIONS_HELP}

A machine-readable report is the only content of standard output; everything else goes to standard error. A run that
could not observe what a check is about ends as inconclusive: not green, and an error in JUnit.

Exit: 0 all green, 1 not all green, or the lab that they ran in has ended, 2 bad input, 130 interrupted.`,
  run: (args, terminal) => {
    const { values, positionals } = readArguments("run", args, options);
    if (positionals.length === 0) {
      throw new LabError("bad-input", "specify what to run: a file, a folder or the id of a shipped scenario", {
        hint: "see `resilience-lab scenarios list`",
      });
    }
    const { agent, case: cases = [] } = values;
    if (agent !== undefined && !/^https?:$/.test(URL.parse(agent)?.protocol ?? "")) {
      throw new LabError("bad-input", `--agent needs an http:// or https:// address, not "${agent}"`);
    }
    const named = casesNamed(resolveScenarios(positionals, SHIPPED_SCENARIOS_FOLDER), cases);
    const asked = (each: LoadedScenario): LoadedScenario =>
      agent === undefined ? each : { ...each, scenario: askedAt(each.scenario, agent) };
    return run(
      named.map((each) => alone(asked(each))),
      values,
      terminal,
    );
  },
};

export const demoCommand: Command = {
  help: `resilience-lab demo [PLAYLIST] [options]

Brings the reference stack up without Docker, runs every shipped scenario, or those of a playlist, and takes everything down
again. A playlist may run a scenario first without a protection and then with it: how the two differ is printed.

Playlists: ${playlistsIn(SHIPPED_PLAYLISTS_FOLDER)
    .map(({ id }) => id)
    .join(", ")}, and those that were saved on the Lab page.

${OPTIONS_HELP}`,
  run: (args, terminal) => {
    const { values, positionals } = readArguments("demo", args, options);
    const [name, ...more] = positionals;
    if (more.length > 0) throw new LabError("bad-input", `demo runs one playlist; it takes no "${more[0]}"`);
    if (name === undefined) return run(shippedScenarios().map(alone), values, terminal);
    const own = join(dataFolder(terminal.environment), "playlists");
    const playlist = playlistNamed([...playlistsIn(SHIPPED_PLAYLISTS_FOLDER), ...playlistsIn(own)], name);
    const find = (id: string) => {
      const [found] = resolveScenarios([id], SHIPPED_SCENARIOS_FOLDER);
      if (found === undefined) throw new LabError("bad-input", `no scenario is called "${id}"`);
      return found;
    };
    return run(runsOf(playlist, find), values, terminal);
  },
};

function alone(loaded: LoadedScenario): PlaylistRun {
  return { loaded, without: [], showsFailure: false, isCompared: false };
}

type Values = ReturnType<typeof readArguments<typeof options>>["values"];

async function run(asked: PlaylistRun[], values: Values, terminal: Terminal): Promise<number> {
  const scenarios = asked.map(({ loaded }) => loaded);
  const reporter = oneOf("--reporter", values.reporter, ["pretty", ...REPORT_FORMATS]);
  const repeat = positiveInteger("--repeat", values.repeat);
  const named = [...new Set(values.without?.flatMap((names) => names.split(",")) ?? [])].sort();
  const runs = values.matrix ? matrixOf(scenarios, named) : asked;
  const without = values.matrix ? [] : named;
  if (values.out !== undefined && reporter === "pretty") {
    throw new LabError("bad-input", "--out needs a --reporter: json, junit or markdown");
  }
  // Fails now rather than after minutes of runs.
  if (values.out !== undefined) save(values.out, "");
  // A report on standard output is for a program: everything else goes to standard error.
  const shown = reporter === "pretty" || values.out !== undefined ? terminal.out : terminal.err;
  const screen = new LiveScreen(shown);
  const lab = await Lab.open(terminal.environment, terminal.strays);
  const ran: Ran = { reports: [], isComplete: true };
  try {
    for (const notice of lab.notices()) screen.line(notice);
    lab.history.assertWritable();
    const acceptExisting =
      values["accept-existing"] || scenarios.every(({ scenario }) => scenario.reading === "toolgate");
    const target = targetOf(values, { start: "attach or bring up", keep: false, without, acceptExisting });
    const resolve = () =>
      lab.resolve(target, {
        signal: terminal.signal,
        report: (step) => screen.status(() => `building the lab's door: ${step}`),
      });
    const batch = Array.from({ length: repeat }, () => runs).flat();
    const { "fail-fast": failFast, raw: keepRaw, narrate: narrates } = values;
    const watching = { screen, terminal, failFast, keepRaw, narrates, ran };
    const owner = openLabOf(lab.home);
    if (owner !== undefined) {
      const isNamed = namesStack(values) || values.driver !== undefined;
      const wanted = isNamed ? wantedStack(await resolve()) : undefined;
      const options = { acceptExisting, keepRaw, agent: values.agent, wanted };
      await runInOpenLab(batch, await OpenLab.join(lab, owner, options, terminal.signal), without, watching);
    } else {
      await runHere(batch, lab, await resolve(), watching);
    }
  } finally {
    screen.close();
    await lab.close();
  }
  const { reports, isComplete } = ran;
  const text = values.matrix ? matrixTable(reports) : summary(reports);
  if (reporter === "pretty") terminal.out.write(`\n${text}\n`);
  else if (values.out === undefined) terminal.out.write(render(reporter, reports));
  else {
    save(values.out, render(reporter, reports));
    terminal.out.write(`\n${text}\n${reporter} report: ${values.out}\n`);
  }
  if (terminal.signal.aborted) return EXIT.interrupted;
  return isComplete && endedAsAsked(runs, reports) ? EXIT.green : EXIT.failed;
}

/** On a stack of this command's own, or one that is up. */
async function runHere(
  batch: readonly PlaylistRun[],
  lab: Lab,
  target: ResolvedTarget,
  watching: Watching,
): Promise<void> {
  const { screen, terminal, keepRaw } = watching;
  const { signal } = terminal;
  for (const note of target.notes) screen.line(note);
  const scenarios = batch.map(({ loaded }) => loaded);
  const purpose = `running ${[...new Set(scenarios.map(({ scenario }) => scenario.id))].join(", ")}`;
  await lab.work(purpose, signal, async (session) => {
    printRecovered(session, screen);
    const breaksLinks = scenarios.some(({ scenario }) => referencesOf(scenario).some(({ kind }) => kind === "link"));
    await session.stacks.use(target, { signal, listen: showOn(screen), breaksLinks }, async (open) => {
      const id = randomUUID();
      await runAll(batch, watching, async ({ loaded, without: own, showsFailure, isCompared }, listen, number) => {
        const without = [...new Set([...open.target.without, ...own])].sort();
        const of = batch.length;
        const place = of === 1 ? undefined : { id, number, of, showsFailure, isCompared, isPaced: false };
        await session.run(loaded, open, { ...open.target, without, keepRaw, signal, listen, batch: place });
        return { is: "ended" };
      });
    });
  });
}

/** In the window of the lab that has the data folder, which shows the runs as they happen. */
async function runInOpenLab(
  batch: readonly PlaylistRun[],
  openLab: OpenLab,
  without: readonly string[],
  watching: Watching,
): Promise<void> {
  const { screen } = watching;
  let saidWhy: string | null = null;
  screen.line(`running in the lab that is open (process ${openLab.owner.pid})`);
  try {
    await runAll(batch, watching, ({ loaded, without: own, showsFailure, isCompared }, listen, number) =>
      openLab.run({
        ...{ loaded, showsFailure, isCompared, listen, number, of: batch.length },
        without: [...new Set([...without, ...own])].sort(),
        onWaiting: (why) => {
          if (why !== null && why !== saidWhy) screen.line(`${loaded.scenario.id} waits: ${why}`);
          saidWhy = why;
          screen.status(() => `${loaded.scenario.id} waits in the queue of the lab`);
        },
      }),
    );
  } finally {
    await openLab.close();
  }
}

function wantedStack({ stack, target }: ResolvedTarget) {
  return { project: stack.project, driver: driverOf(target) };
}

function save(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new LabError("bad-input", `the report cannot be written to ${file}: ${messageOf(error)}`, { cause: error });
  }
}

/** Shows state changes of the stack. */
function showOn(screen: LiveScreen): (news: StackNews) => void {
  return (news) => {
    if (news.is === "starting") {
      const { stack, progress } = news;
      const detail = progress === undefined ? "" : `: ${progressText(progress)}`;
      screen.status(() => `starting ${stack.project}${detail}`);
    } else if (news.is === "open") screen.line(openedText(news));
    else if (news.is === "stopping") screen.status(() => "taking the stack down");
    else {
      screen.line("");
      screen.line("stack down: nothing is left running");
    }
  };
}

function openedText({ running, openedAs, tookMs }: StackNews & { is: "open" }): string {
  const { project, services } = running.stack;
  if (openedAs === "kept") return `using the stack that is up (${project}${onEngine(running)})`;
  if (openedAs === "attached") return `using project ${project} as it was found${onEngine(running)}; it is left up`;
  const names = services.map(({ name }) => name).join(", ");
  return `stack up in ${(tookMs / 1000).toFixed(1)} s${onEngine(running)}: ${names}`;
}

function onEngine({ engine }: RunningStack): string {
  return engine === undefined ? "" : ` on ${engine}`;
}

function printRecovered(session: LabSession, screen: LiveScreen): void {
  for (const { what, isRestored } of session.recovered)
    screen.line(`${isRestored ? "recovered" : "NOT recovered"}: ${what}`);
  if (session.interrupted > 0) screen.line(`recovered: ${session.interrupted} unfinished run(s) marked interrupted`);
}
