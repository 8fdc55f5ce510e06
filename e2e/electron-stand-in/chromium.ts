import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { type BrowserContext, chromium, type Page } from "@playwright/test";
import { app } from "./app.ts";
import { answer, session } from "./doors.ts";

/** Replaces `app://lab`: a page cannot use a custom scheme here, and this origin counts as secure too. */
const STAND_IN_ORIGIN = "http://lab.localhost";
const PAGE_ORIGIN = "app://lab";

/** The executable, set by the global setup before the workers and their children read it. */
export const CHROMIUM = {
  executablePath: process.env.CHROMIUM ?? "",
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
};

const PERMISSIONS: Record<string, string> = {
  geolocation: "geolocation",
  notifications: "notifications",
  media: "microphone",
  "clipboard-read": "clipboard-read",
};

export function toPageAddress(address: string): string {
  // Also that of a blob, which has its origin's in it.
  const [scheme, rest] = address.startsWith("blob:") ? ["blob:", address.slice("blob:".length)] : ["", address];
  return rest.startsWith(STAND_IN_ORIGIN) ? scheme + PAGE_ORIGIN + rest.slice(STAND_IN_ORIGIN.length) : address;
}
export function toStandInAddress(address: string): string {
  return address.startsWith(PAGE_ORIGIN) ? STAND_IN_ORIGIN + address.slice(PAGE_ORIGIN.length) : address;
}

let running: Promise<BrowserContext> | undefined;

/** One Chromium for all windows, with a port through which a spec can drive the same pages. */
export function browser(onPopup: (page: Page) => void): Promise<BrowserContext> {
  running ??= launch(onPopup).catch((error) => {
    // The shell would take it for a page that failed to load and keep waiting, although there is no browser.
    console.error(error);
    process.exit(1);
  });
  return running;
}

async function launch(onPopup: (page: Page) => void): Promise<BrowserContext> {
  const profile = mkdtempSync(join(tmpdir(), "electron-stand-in-"));
  const context = await chromium.launchPersistentContext(profile, {
    ...CHROMIUM,
    args: [...CHROMIUM.args, "--remote-debugging-port=0"],
    viewport: null,
  });
  app.leave = async () => {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  };
  const granted = Object.entries(PERMISSIONS).filter(([name]) => session.defaultSession.isGranted(name));
  await context.grantPermissions(granted.map(([, permission]) => permission));
  await context.route(
    (address) => address.origin === STAND_IN_ORIGIN,
    async (route) => {
      const request = route.request();
      const body = request.postDataBuffer();
      const init = { method: request.method(), headers: await request.allHeaders() };
      const replied = await answer(
        toPageAddress(request.url()),
        body === null ? init : { ...init, body: new Uint8Array(body) },
      );
      if (replied === undefined) return route.abort();
      const headers = Object.fromEntries(replied.headers);
      return route.fulfill({ status: replied.status, headers, body: Buffer.from(await replied.arrayBuffer()) });
    },
  );
  context.on("page", onPopup);
  process.send?.({ debuggingAddress: `http://127.0.0.1:${await debuggingPort(profile)}` });
  return context;
}

/** Chromium chooses a free port, reports on standard error that it listens, and only then writes the port to a file. */
async function debuggingPort(profile: string): Promise<string> {
  const file = join(profile, "DevToolsActivePort");
  for (;;) {
    // Two lines; the second is the browser's own address.
    const [port = "", address] = existsSync(file) ? readFileSync(file, "utf8").split("\n") : [];
    if (address !== undefined) return port;
    await setTimeout(20);
  }
}
