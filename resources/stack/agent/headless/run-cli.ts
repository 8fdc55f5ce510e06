/** Runs the headless CLI once: the task on its standard input, its messages from its standard output. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { CliEnd } from "./classify.ts";
import { CliOutput } from "./cli-output.ts";

export interface CliSettings {
  command: readonly [string, ...string[]];
  timeoutMs: number;
}

const stderrLimit = 20_000;
/** The CLI calls no service of the stack by itself. */
const secretVariables = new Set(["CONTROL_TOKEN", "MODEL_API_KEY"]);

/** Resolves when the process has ended. `signal` kills it. */
export async function runCli(
  { command, timeoutMs }: CliSettings,
  input: string,
  signal: AbortSignal,
): Promise<{ output: CliOutput; end: CliEnd }> {
  const [program, ...args] = command;
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !secretVariables.has(name)));
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"], env });
  const kill = () => child.kill("SIGKILL");
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    kill();
  }, timeoutMs);
  if (signal.aborted) kill();
  signal.addEventListener("abort", kill, { once: true });
  const output = new CliOutput();
  let stderr = "";
  // It may end without reading its task.
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  createInterface({ input: child.stdout }).on("line", (line) => output.read(line));
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr = (stderr + text).slice(-stderrLimit);
  });
  try {
    const [code, by] = (await once(child, "close")) as [number | null, string | null];
    return { output, end: { code, signal: by, timedOut: timedOut && !signal.aborted, stderr } };
  } catch (error) {
    return { output, end: { code: 127, signal: null, timedOut: false, stderr: `${program}: ${String(error)}` } };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", kill);
  }
}
