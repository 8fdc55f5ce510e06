/** For tests: runs a service as a real process, from its entry file. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

export interface ServiceProcess {
  child: ChildProcess;
  pid: number;
  /** Its output so far, both streams. */
  output: () => string;
  /** Resolves with the first match in the output; rejects if the process ends before. */
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

/** Of this process's environment only PATH, and where Node keeps what it has compiled, are passed to the service. */
export function startService(
  entry: string,
  env: Record<string, string>,
  options: ServiceProcessOptions = {},
): ServiceProcess {
  const { PATH = "", NODE_COMPILE_CACHE } = process.env;
  const child = spawn(process.execPath, [entry], {
    env: { PATH, ...(NODE_COMPILE_CACHE === undefined ? {} : { NODE_COMPILE_CACHE }), ...env },
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

/** Ends processes that a test left running, so that a failed test leaves none. */
export async function killServices(): Promise<void> {
  await Promise.all([...started].map(({ child, stop }) => child.exitCode ?? child.signalCode ?? stop("SIGKILL")));
  started.clear();
}
