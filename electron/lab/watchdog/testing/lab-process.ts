import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { labProgram } from "../../../testing/lab-program.ts";

const LAUNCHER = labProgram("launch");

export interface LabProcess {
  child: ChildProcessByStdio<null, Readable, Readable>;
  /** All of its output, once it has ended. */
  ended: Promise<string>;
}

/** A lab in a separate process, on the data folder `home`. */
export function startLab(
  home: string,
  args: readonly string[],
  variables: Record<string, string> = {},
  program = LAUNCHER,
): LabProcess {
  const child = spawn(process.execPath, [program, ...args], {
    env: { ...process.env, RESILIENCE_LAB_HOME: home, NODE_NO_WARNINGS: "1", ...variables },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk) => {
      output += chunk;
    });
  }
  return { child, ended: once(child, "close").then(() => output) };
}
