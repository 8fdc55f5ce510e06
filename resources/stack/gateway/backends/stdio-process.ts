/**
 * The process of a backend that speaks MCP over its standard input and output, one message a line. What it writes to
 * standard error goes to the log.
 */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { LineReader } from "./line-reader.ts";

export interface StdioProgram {
  /** `node` is the one that runs the gateway. */
  command: readonly [string, ...string[]];
  /** Besides what every program needs: the gateway's own environment holds secrets. */
  environment: Readonly<Record<string, string>>;
}

export interface StdioEvents {
  onMessage: (line: string) => void;
  onLog: (line: string) => void;
  /** Once, however it ended, also when it could not be started. */
  onEnd: (reason: string) => void;
}

/** As the official SDK's client passes on, and what makes the desktop's program a Node. */
const inherited = ["ELECTRON_RUN_AS_NODE", "HOME", "LOGNAME", "PATH", "SHELL", "TERM", "USER"];
const killAfterMs = 1_000;

export class StdioProcess {
  readonly #child: ChildProcessWithoutNullStreams;
  #hasEnded = false;

  constructor({ command: [program, ...args], environment }: StdioProgram, events: StdioEvents) {
    const own = Object.fromEntries(inherited.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
    this.#child = spawn(program === "node" ? process.execPath : program, args, {
      env: { ...own, ...environment },
      stdio: "pipe",
    });
    const end = (reason: string): void => {
      if (this.#hasEnded) return;
      this.#hasEnded = true;
      events.onEnd(reason);
    };
    const read = (reader: LineReader) => (bytes: Buffer) => {
      try {
        reader.push(bytes);
      } catch (error) {
        this.#child.kill("SIGKILL");
        end((error as Error).message);
      }
    };
    this.#child.stdout.on("data", read(new LineReader(events.onMessage)));
    this.#child.stderr.on("data", read(new LineReader(events.onLog)));
    // Its end is reported by the process.
    this.#child.stdin.on("error", () => {});
    this.#child.on("error", (error) => end(`its process cannot be started: ${error.message}`));
    this.#child.on("close", (code, signal) => end(`its process has ended with ${signal ?? `exit code ${code}`}`));
  }

  send(message: string): void {
    if (!this.#hasEnded) this.#child.stdin.write(`${message}\n`);
  }

  /** Asks it to end, by the end of its input and SIGTERM, and kills it if it does not. */
  stop(): void {
    if (this.#hasEnded) return;
    this.#child.stdin.end();
    this.#child.kill("SIGTERM");
    setTimeout(() => {
      if (!this.#hasEnded) this.#child.kill("SIGKILL");
    }, killAfterMs).unref();
  }
}
