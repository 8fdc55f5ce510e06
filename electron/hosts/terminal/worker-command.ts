import { resolve } from "node:path";
import { LabError, messageOf } from "../../lab/lab-error.ts";
import { runWorker } from "../../lab/queue/run-worker.ts";
import { type Command, EXIT, positiveInteger, readArguments } from "./command.ts";

const options = {
  concurrency: { type: "string", default: "1" },
  labels: { type: "string", multiple: true },
  stack: { type: "string", multiple: true },
} as const;

export const workerCommand: Command = {
  help: `resilience-lab worker [--concurrency N] [--labels A,B] [--stack NAME=FILE]...

Carries out submitted runs, oldest first, until it is interrupted: each on a stack of its own, which it brings up on free
ports and takes down. Runs come from the data folder's queue, or from the PostgreSQL that RESILIENCE_LAB_DATABASE_URL names.
  --concurrency N     runs at a time (1)
  --labels A,B        what this worker has; a run that asks for labels is only given to a worker with all of them. A run on
                      Docker asks for the label docker
  --stack NAME=FILE   a stack file that runs may name (repeatable); gives the label stack:NAME

A worker holds each run by a lease of 30 s, renewed every 5 s. When it dies its watchdog restores the stack, and another
worker takes the run over after the lease, three attempts in all. An interrupted worker restores what it broke and gives its
runs back. Secrets for webhooks and headers are variables of its environment that begin with RESILIENCE_LAB_SECRET_.`,
  async run(args, terminal) {
    const { values, positionals } = readArguments("worker", args, options);
    if (positionals.length > 0) throw new LabError("bad-input", `worker takes no "${positionals[0]}"`);
    await runWorker(
      {
        environment: terminal.environment,
        strays: terminal.strays,
        concurrency: positiveInteger("--concurrency", values.concurrency),
        labels: (values.labels ?? []).flatMap((names) => names.split(",")),
        stacks: new Map((values.stack ?? []).map(namedStack)),
        write: (line) => void terminal.out.write(line),
        onReady: () => terminal.err.write("worker: waiting for runs\n"),
        onChange: ({ runId, attempt, is }) => terminal.err.write(`worker: ${runId} attempt ${attempt} ${is}\n`),
        onFailure: (error) => terminal.err.write(`worker: ${messageOf(error)}\n`),
      },
      terminal.signal,
    );
    return EXIT.interrupted;
  },
};

export function namedStack(text: string): [string, string] {
  const [, name, file] = /^([a-z0-9][a-z0-9_.-]*)=(.+)$/i.exec(text) ?? [];
  if (name === undefined || file === undefined) {
    throw new LabError("bad-input", `--stack cannot be "${text}"`, { hint: "write it as NAME=FILE" });
  }
  return [name, resolve(file)];
}
