import { spawn } from "node:child_process";
import { join } from "node:path";
import { PROJECT_FOLDER } from "../../lab/version.ts";

/**
 * Runs the desktop shell until it ends. Resolves to its exit code.
 * @param stacks compose files to list, by their absolute paths
 */
export function runDesktop(
  binary: string,
  environment: NodeJS.ProcessEnv,
  signal: AbortSignal,
  stacks: readonly string[] = [],
): Promise<number> {
  const main = join(PROJECT_FOLDER, "dist", "electron", "main.js");
  // As root, which is how containers run, Chromium refuses to start with its outer sandbox; pages stay sandboxed by
  // everything else. A person's own account keeps it.
  const isRoot = process.platform === "linux" && process.getuid?.() === 0;
  const named = stacks.map((file) => `--stack=${file}`);
  const child = spawn(binary, [...(isRoot ? ["--no-sandbox"] : []), main, ...named], {
    stdio: "inherit",
    env: environment,
  });
  const onAbort = () => child.kill("SIGTERM");
  signal.addEventListener("abort", onAbort, { once: true });
  return new Promise<number>((resolve) => {
    child.once("exit", (code) => resolve(code ?? 1));
    child.once("error", () => resolve(1));
  }).finally(() => signal.removeEventListener("abort", onAbort));
}
