import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A download without progress for so long is aborted: the machine is offline, or the download is blocked. */
export const NO_PROGRESS_LIMIT_MS = 10_000;
const POLL_INTERVAL_MS = 250;

/** The Electron executable, if present. Never loads the package itself, which would try to download it. */
export function findElectron(packageFolder: string, environment: NodeJS.ProcessEnv): string | undefined {
  const pathFile = join(packageFolder, "path.txt");
  const name = existsSync(pathFile) ? readFileSync(pathFile, "utf8").trim() : "";
  const override = environment.ELECTRON_OVERRIDE_DIST_PATH;
  if (override) return existing(join(override, name || "electron"));
  return name === "" ? undefined : existing(join(packageFolder, "dist", name));
}

function existing(file: string): string | undefined {
  return existsSync(file) ? file : undefined;
}

export interface FetchOptions {
  packageFolder: string;
  environment: NodeJS.ProcessEnv;
  signal: AbortSignal;
  /** Reports how much has been downloaded, for display. */
  report: (megabytes: number) => void;
  noProgressLimitMs?: number;
}

/** Downloads the executable with the package's own installer. Resolves to the reason of a failure, or undefined. */
export async function fetchElectron(options: FetchOptions): Promise<string | undefined> {
  const { packageFolder, environment, signal, report, noProgressLimitMs = NO_PROGRESS_LIMIT_MS } = options;
  const installer = join(packageFolder, "install.js");
  if (!existsSync(installer)) return "the electron package is not installed";
  // The installer downloads into the temporary folder first: its size is the progress.
  const folder = mkdtempSync(join(tmpdir(), "resilience-lab-electron-"));
  const child = spawn(process.execPath, [installer], {
    env: { ...environment, TMPDIR: folder, TEMP: folder, TMP: folder },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let complaint = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaint ||= text.trim().split("\n")[0] ?? "";
  });
  let isStuck = false;
  let bytes = 0;
  let lastProgressMs = performance.now();
  const timer = setInterval(() => {
    const now = sizeOf(folder) + sizeOf(join(packageFolder, "dist"));
    if (now > bytes) {
      bytes = now;
      lastProgressMs = performance.now();
      report(bytes / 1_000_000);
    }
    isStuck = performance.now() - lastProgressMs > noProgressLimitMs;
    if (isStuck || signal.aborted) child.kill("SIGKILL");
  }, POLL_INTERVAL_MS);
  try {
    const code = await new Promise<number | null>((resolve) => {
      child.once("exit", resolve);
      child.once("error", () => resolve(null));
    });
    if (code === 0) return undefined;
    if (isStuck) return `no progress for ${noProgressLimitMs / 1000} s`;
    return complaint || `its installer ended with ${code}`;
  } finally {
    clearInterval(timer);
    rmSync(folder, { recursive: true, force: true });
  }
}

function sizeOf(folder: string): number {
  try {
    const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
    return names.reduce((sum, name) => sum + (statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0), 0);
  } catch {
    return 0; // not there yet, or being moved this moment
  }
}
