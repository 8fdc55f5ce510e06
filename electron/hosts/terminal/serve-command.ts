import { LabError, messageOf } from "../../lab/lab-error.ts";
import { newSecret } from "../browser/secret.ts";
import { serve } from "../serve/serve.ts";
import { type Command, EXIT, oneOf, readArguments } from "./command.ts";
import { namedStack } from "./worker-command.ts";

const TOKEN = "RESILIENCE_LAB_TOKEN";

const options = {
  host: { type: "string", default: "127.0.0.1" },
  port: { type: "string", default: "8787" },
  storage: { type: "string", default: "runs" },
  workers: { type: "string", default: "1" },
  labels: { type: "string", multiple: true },
  stack: { type: "string", multiple: true },
} as const;

export const serveCommand: Command = {
  help: `resilience-lab serve [--host H] [--port N] [--workers N] [--labels A,B] [--stack NAME=FILE]... [--storage runs|none]

Serves the HTTP API until it is interrupted: submitting, following and cancelling runs, eval suites, and evaluating traces.
GET /api/openapi.json describes it. Requests need the token in ${TOKEN}, or the one that is printed when that is not set:
Authorization: Bearer TOKEN.
  --host H         address to listen on (127.0.0.1: this machine only)
  --port N         0 for any that is free (8787)
  --workers N      runs that this process carries out at a time (1); 0 leaves them to \`resilience-lab worker\`
  --labels, --stack   as \`resilience-lab worker\` has them
  --storage none   keeps no runs: requests about runs are answered with 503, evaluations are not recorded`,
  async run(args, terminal) {
    const { values, positionals } = readArguments("serve", args, options);
    if (positionals.length > 0) throw new LabError("bad-input", `serve takes no "${positionals[0]}"`);
    const storage = oneOf("--storage", values.storage, ["runs", "none"]);
    const [port, workers] = [whole("--port", values.port), whole("--workers", values.workers)];
    const given = terminal.environment[TOKEN];
    if (given !== undefined && given.length < 16) {
      throw new LabError("bad-input", `${TOKEN} must have 16 characters or more`);
    }
    const token = given ?? newSecret();
    const worker = {
      strays: terminal.strays,
      concurrency: workers,
      labels: (values.labels ?? []).flatMap((names) => names.split(",")),
      stacks: new Map((values.stack ?? []).map(namedStack)),
      write: (line: string) => void terminal.out.write(line),
      onFailure: (error: unknown) => terminal.err.write(`worker: ${messageOf(error)}\n`),
    };
    await serve(
      {
        environment: terminal.environment,
        host: values.host,
        port,
        token,
        keepsRuns: storage === "runs",
        worker: workers === 0 ? undefined : worker,
        onListening: (address) => {
          terminal.err.write(`serving ${address}/api\n`);
          if (given === undefined) terminal.err.write(`token: ${token}\n`);
        },
      },
      terminal.signal,
    );
    return EXIT.interrupted;
  },
};

function whole(option: string, value: string): number {
  const number = Number(value);
  if (Number.isInteger(number) && number >= 0 && number <= 65_535) return number;
  throw new LabError("bad-input", `${option} needs a whole number, not "${value}"`);
}
