import { execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { promisify } from "node:util";
import type { ComposeAction, ListedProject } from "../../../contract/stacks.ts";
import { LabError, messageOf } from "../../lab-error.ts";

/** The older tool is a Python program, whose start takes seconds on a busy machine. */
const VERSION_LIMIT_MS = 30_000;
/** Of what a tool has printed, for an error. */
const LAST_LINES = 12;
/** Time between the signal that ends a tool and the one that it cannot refuse. */
const GRACE_MS = 10_000;

/** The compose tool of this machine: docker's plugin, else the program of its own. */
export interface ComposeTool {
  /** Program and its first arguments. */
  command: readonly [program: string, ...args: string[]];
  version: string;
}

const CANDIDATES: readonly ComposeTool["command"][] = [["docker", "compose"], ["docker-compose"]];

/** The first tool that answers; undefined when this machine has none. */
export async function findComposeTool(environment: NodeJS.ProcessEnv): Promise<ComposeTool | undefined> {
  for (const command of CANDIDATES) {
    const [program, ...args] = command;
    const asked = promisify(execFile)(program, [...args, "version", "--short"], {
      env: environment,
      timeout: VERSION_LIMIT_MS,
    });
    const version = await asked.then(
      ({ stdout }) => stdout.trim(),
      () => undefined,
    );
    if (version !== undefined && /^v?\d/.test(version)) return { command, version };
  }
  return undefined;
}

/** What a terminal may ask for, too. */
export type ComposeVerb = ComposeAction | "down" | "down with volumes";

const ARGUMENTS: Record<ComposeVerb, readonly string[]> = {
  up: ["up", "-d"],
  stop: ["stop"],
  down: ["down"],
  "down with volumes": ["down", "--volumes"],
};

export interface ComposeOptions {
  environment: NodeJS.ProcessEnv;
  signal: AbortSignal;
  /** Each line that the tool prints. */
  onLine: (line: string) => void;
}

/**
 * Has the tool do something with a project, from the folder and with the files that it was brought up with.
 * @throws LabError when its files are not there, or with the tool's last lines when it fails; the signal's reason when it aborts
 */
export async function runCompose(
  { command }: ComposeTool,
  { project, files }: Pick<ListedProject, "project" | "files">,
  action: ComposeVerb,
  { environment, signal, onLine }: ComposeOptions,
): Promise<void> {
  const [first] = files;
  const gone = files.filter((file) => !existsSync(file));
  if (first === undefined || gone.length > 0) {
    throw new LabError("precondition", `${gone.join(", ") || `the compose file of ${project}`} is not there`, {
      hint: `bring ${project} up where its compose file is now: docker compose -p ${project} up -d`,
    });
  }
  const [program, ...given] = command;
  const named = files.flatMap((file) => ["-f", file]);
  const args = [...given, "-p", project, ...named, ...ARGUMENTS[action]];
  const lines: string[] = [];
  const code = await runProgram(program, args, { cwd: dirname(first), env: environment }, signal, (line) => {
    lines.push(line);
    if (lines.length > LAST_LINES) lines.shift();
    onLine(line);
  });
  signal.throwIfAborted();
  if (code === 0) return;
  const tail = lines.map((line) => `    ${line}`).join("\n");
  throw new LabError("precondition", `${command.join(" ")} ${action} ended with ${code}; its last lines:\n${tail}`, {
    hint: `correct ${files.join(", ")}, and try again`,
  });
}

function runProgram(
  program: string,
  args: readonly string[],
  place: { cwd: string; env: NodeJS.ProcessEnv },
  signal: AbortSignal,
  onLine: (line: string) => void,
): Promise<number | string> {
  const { promise, resolve } = Promise.withResolvers<number | string>();
  const child = spawn(program, args, { ...place, stdio: ["ignore", "pipe", "pipe"] });
  let killed: NodeJS.Timeout | undefined;
  // As Ctrl-C: it ends what it has begun.
  const stop = () => {
    child.kill("SIGINT");
    killed = setTimeout(() => child.kill("SIGKILL"), GRACE_MS);
  };
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  for (const stream of [child.stdout, child.stderr]) {
    let rest = "";
    stream.setEncoding("utf8").on("data", (text: string) => {
      const lines = (rest + text).split(/[\r\n]+/);
      rest = lines.pop() ?? "";
      for (const line of lines) if (line.trim() !== "") onLine(line);
    });
    stream.once("end", () => rest.trim() !== "" && onLine(rest));
  }
  child.once("error", (error) => resolve(messageOf(error)));
  child.once("close", (code, name) => resolve(code ?? name ?? "no exit code"));
  return promise.finally(() => {
    clearTimeout(killed);
    signal.removeEventListener("abort", stop);
  });
}
