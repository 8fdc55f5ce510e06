import { spawn } from "node:child_process";
import { join } from "node:path";
import { EngineService } from "../lab/service/engine-service.ts";
import { takeAll } from "../lab/service/operations/closing-steps.ts";
import { labRouter } from "../lab/service/procedures/router.ts";
import { PROJECT_FOLDER } from "../lab/version.ts";
import { browserFiles } from "./browser/browser-files.ts";
import { BrowserServer } from "./browser/browser-server.ts";
import { WindowKeys } from "./browser/window-keys.ts";
import { FileService } from "./files/file-service.ts";
import { PageFiles } from "./page/page-files.ts";
import { catchStrayErrors } from "./stray-errors.ts";

/** This host's capabilities, as reported to the page. */
export const BROWSER_HOST = {
  host: "browser",
  export: "download",
  openDialog: false,
  notifications: false,
  nativeTheme: false,
} as const;

export interface BrowserHostOptions {
  environment: NodeJS.ProcessEnv;
  /** 0 for any that is free. */
  port: number;
  opensBrowser: boolean;
  /** Compose files to list. */
  stacks?: readonly string[];
  out: NodeJS.WritableStream;
  /** Aborted when the lab is to end. */
  signal: AbortSignal;
  pageFolder?: string;
}

/**
 * The lab in a browser: serves until the signal, then undoes every fault.
 * @throws LabError when the page is not built, the port is taken or another lab has the data folder
 */
export async function browserHost(options: BrowserHostOptions): Promise<void> {
  const { environment, port, opensBrowser, out, signal } = options;
  const page = new PageFiles(options.pageFolder ?? join(PROJECT_FOLDER, "dist", "renderer"));
  const service = await EngineService.start(environment);
  const stopCatching = catchStrayErrors((error) => service.takeStray(error));
  const files = new FileService();
  let server: BrowserServer | undefined;
  try {
    for (const file of options.stacks ?? []) service.stack.addFile(file);
    for (const notice of service.notices.list()) out.write(`${notice}\n`);
    let isFirst = true;
    const onAddress = (address: string) => {
      out.write(isFirst ? `Resilience Lab is at ${address}\n` : `To open it in another browser: ${address}\n`);
      isFirst = false;
    };
    const windows = new WindowKeys();
    const invite = () => windows.issue();
    const router = labRouter({ service, host: BROWSER_HOST, files: browserFiles(files), invite });
    server = await BrowserServer.listen({ router, page, files, windows, port, onAddress });
    if (opensBrowser) openInBrowser(server.address);
    await ended(signal);
    out.write(`Shutting down. ${service.endingText}\n`);
  } finally {
    // Faults are undone first, without waiting for windows: one of them may be frozen.
    await takeAll([() => service.close(), async () => server?.close(), () => files.close(), stopCatching]);
  }
}

function ended(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

/** A machine without a browser or a screen is not an error: the address has been printed. */
function openInBrowser(address: string): void {
  const [program, ...args] = OPENERS[process.platform] ?? ["xdg-open"];
  if (program === undefined) return;
  const child = spawn(program, [...args, address], { stdio: "ignore", detached: true });
  child.once("error", () => {});
  child.unref();
}

const OPENERS: Partial<Record<NodeJS.Platform, string[]>> = {
  darwin: ["open"],
  win32: ["rundll32", "url.dll,FileProtocolHandler"],
};
