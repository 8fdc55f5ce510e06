/** For tests: a service as the real process it is, from its entry file. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

export interface ServiceProcess {
  child: ChildProcess;
  pid: number;
  /** All that it has printed so far, both streams. */
  output: () => string;
  /** Resolves with the match of the first output that matches; rejects when the process ends before. */
  printed: (pattern: RegExp) => Promise<RegExpExecArray>;
  /** `http://...` of its listening line. */
  url: () => Promise<string>;
  /** Resolves with the exit code, or the name of the signal that ended it. */
  ended: Promise<number | NodeJS.Signals>;
  stop: (signal?: NodeJS.Signals) => Promise<number | NodeJS.Signals>;
}

const started = new Set<ServiceProcess>();

export interface ServiceProcessOptions {
  uid?: number;
  gid?: number;
  cwd?: string;
}

/** Nothing of this process's environment but PATH reaches the service. */
export function startService(
  entry: string,
  env: Record<string, string>,
  options: ServiceProcessOptions = {},
): ServiceProcess {
  const child = spawn(process.execPath, [entry], {
    env: { PATH: process.env.PATH ?? "", ...env },
    stdio: ["ignore", "pipe", "pipe"],
    ...options,
  });
  let output = "";
  const news = new EventTarget();
  const take = (chunk: Buffer): void => {
    output += chunk.toString("utf8");
    news.dispatchEvent(new Event("news"));
  };
  child.stdout.on("data", take);
  child.stderr.on("data", take);
  const ended = once(child, "close").then(([code, signal]) => (code ?? signal) as number | NodeJS.Signals);
  const printed = async (pattern: RegExp): Promise<RegExpExecArray> => {
    let isOver = false;
    for (;;) {
      const match = pattern.exec(output);
      if (match) return match;
      if (isOver) throw new Error(`the service ended without printing ${pattern}:\n${output}`);
      isOver = await Promise.race([ended.then(() => true), once(news, "news").then(() => false)]);
    }
  };
  const service: ServiceProcess = {
    child,
    pid: child.pid ?? -1,
    output: () => output,
    printed,
    url: async () => (await printed(/listening on (http:\S+)/))[1] ?? "",
    ended,
    stop: (signal = "SIGTERM") => {
      child.kill(signal);
      return ended;
    },
  };
  started.add(service);
  return service;
}

/** Ends what a test has left running, so that a failed one leaves no process behind. */
export async function killServices(): Promise<void> {
  await Promise.all([...started].map(({ child, stop }) => child.exitCode ?? child.signalCode ?? stop("SIGKILL")));
  started.clear();
}
