import { isAbortOf } from "../../lab/abort-scope.ts";
import { asLabError, isFullDisk, LabError } from "../../lab/lab-error.ts";
import { StrayErrors } from "../../lab/stray-errors.ts";
import { LAB_VERSION } from "../../lab/version.ts";
import { catchStrayErrors } from "../stray-errors.ts";
import { type Command, EXIT, type Terminal } from "./command.ts";
import { Output } from "./output.ts";

/** Modules are loaded on demand: `halt` must not wait for the modules of a run. */
const COMMANDS: readonly { name: string; summary: string; load: () => Promise<Command> }[] = [
  {
    name: "demo",
    summary: "run every shipped scenario on the reference stack",
    load: async () => (await import("./run-command.ts")).demoCommand,
  },
  {
    name: "run",
    summary: "run scenarios and report the outcome of each",
    load: async () => (await import("./run-command.ts")).runCommand,
  },
  {
    name: "start",
    summary: "open the lab in a window or a browser",
    load: async () => (await import("./start-command.ts")).startCommand,
  },
  {
    name: "plan",
    summary: "show what scenarios would touch and how it is undone, and do nothing",
    load: async () => (await import("./plan-command.ts")).planCommand,
  },
  {
    name: "stack",
    summary: "bring the stack up to keep, take it down, or show its status",
    load: async () => (await import("./stack-command.ts")).stackCommand,
  },
  {
    name: "stacks",
    summary: "list the stacks that can be used, or describe a compose project",
    load: async () => (await import("./stacks-command.ts")).stacksCommand,
  },
  {
    name: "break",
    summary: "apply a fault to the stack that is up and keep it in force, for a time",
    load: async () => (await import("./break-command.ts")).breakCommand,
  },
  {
    name: "restore",
    summary: "undo the faults that `break` applied, and repair other damage",
    load: async () => (await import("./restore-command.ts")).restoreCommand,
  },
  {
    name: "scenarios",
    summary: "list the shipped scenarios, or check files of your own",
    load: async () => (await import("./scenarios-command.ts")).scenariosCommand,
  },
  {
    name: "history",
    summary: "list past runs, or replay one",
    load: async () => (await import("./history-command.ts")).historyCommand,
  },
  {
    name: "bundle",
    summary: "export runs to one file, import or verify such a file",
    load: async () => (await import("./bundle-command.ts")).bundleCommand,
  },
  {
    name: "traces",
    summary: "keep traces without a run in the history; save an eval set that expects what an agent did",
    load: async () => (await import("./traces-command.ts")).tracesCommand,
  },
  {
    name: "serve",
    summary: "serve the HTTP API: submit, follow and cancel runs, evaluate traces",
    load: async () => (await import("./serve-command.ts")).serveCommand,
  },
  {
    name: "worker",
    summary: "carry out submitted runs",
    load: async () => (await import("./worker-command.ts")).workerCommand,
  },
  {
    name: "database",
    summary: "show, migrate or move the database in which runs are kept",
    load: async () => (await import("./database-command.ts")).databaseCommand,
  },
  {
    name: "evaluate",
    summary: "evaluate the turns of agents in trace files",
    load: async () => (await import("./evaluate-command.ts")).evaluateCommand,
  },
  {
    name: "halt",
    summary: "undo every fault now, of any run, and allow no new one",
    load: async () => (await import("./halt-command.ts")).haltCommand,
  },
  {
    name: "arm",
    summary: "allow faults again after a halt",
    load: async () => (await import("./halt-command.ts")).armCommand,
  },
];

const HELP = `Resilience Lab ${LAB_VERSION}: break an MCP gateway stack on purpose, observe it, undo everything.

resilience-lab COMMAND [--help]

${COMMANDS.map(({ name, summary }) => `  ${name.padEnd(10)} ${summary}`).join("\n")}

Data is kept in RESILIENCE_LAB_HOME, or in the platform's usual place.
Exit codes: 0 all green, 1 not all green, 2 bad input or usage, 130 interrupted.`;

const ignore = () => {};

/** The terminal host. Returns the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const interrupt = new AbortController();
  const onSignal = () => {
    if (interrupt.signal.aborted) process.stderr.write("\nstill undoing every fault; please wait\n");
    else process.stderr.write("\ninterrupted: undoing every fault\n");
    interrupt.abort(new LabError("internal", "interrupted"));
  };
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, onSignal);
  // A closed pipe, such as `| head`, must not stop the process before everything is restored.
  for (const stream of [process.stdout, process.stderr]) stream.off("error", ignore).on("error", ignore);
  const terminal = {
    environment: process.env,
    out: new Output(process.stdout),
    err: new Output(process.stderr),
    signal: interrupt.signal,
    strays: new StrayErrors(),
  };
  let hasStrayed = false;
  const stopCatching = catchStrayErrors((error) => {
    hasStrayed = true;
    terminal.strays.report(error);
  });
  try {
    const code = await dispatch(args, terminal);
    return hasStrayed && code === EXIT.green ? EXIT.failed : code;
  } catch (error) {
    if (!interrupt.signal.aborted) return explain(error, terminal);
    // A failure besides the interruption, such as a process that does not end, is reported.
    if (!isAbortOf(interrupt.signal, error)) explain(error, terminal);
    return EXIT.interrupted;
  } finally {
    stopCatching();
    for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.off(name, onSignal);
  }
}

async function dispatch([name, ...args]: readonly string[], terminal: Terminal): Promise<number> {
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    terminal.out.write(`${HELP}\n`);
    return name === undefined ? EXIT.badInput : EXIT.green;
  }
  if (name === "--version") {
    terminal.out.write(`${LAB_VERSION}\n`);
    return EXIT.green;
  }
  const found = COMMANDS.find((each) => each.name === name);
  if (found === undefined) {
    const hint = `the commands are: ${COMMANDS.map((each) => each.name).join(", ")}`;
    throw new LabError("bad-input", `there is no command "${name}"`, { hint });
  }
  const command = await found.load();
  if (args.includes("--help") || args.includes("-h")) {
    terminal.out.write(`${command.help}\n`);
    return EXIT.green;
  }
  return command.run(args, terminal);
}

function explain(thrown: unknown, { err }: Terminal): number {
  if (!(thrown instanceof LabError) && !isFullDisk(thrown)) {
    err.write(`resilience-lab: unexpected: ${thrown instanceof Error ? thrown.stack : String(thrown)}\n`);
    return EXIT.failed;
  }
  const error = asLabError(thrown);
  err.write(`resilience-lab: ${error.message}\n`);
  if (error.hint !== undefined) err.write(`  ${error.hint}\n`);
  return error.code === "unhealthy" || error.code === "residue" || error.code === "internal"
    ? EXIT.failed
    : EXIT.badInput;
}
