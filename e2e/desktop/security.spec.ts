import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test as base, type Desktop, expect, inPage, quit, startDesktop, whenConnected } from "./desktop.ts";

/**
 * Electron's security checklist (electronjs.org/docs/latest/tutorial/security), by its numbers. The items about the build
 * rather than the window are in electron/shell/packaging.test.ts.
 */

/** One app for all of these, whose page is loaded again for each. */
const test = base.extend<object, { sharedDesktop: Desktop }>({
  sharedDesktop: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads a fixture's needs from its parameter.
    async ({}, use) => {
      const home = mkdtempSync(join(tmpdir(), "resilience-lab-desktop-"));
      const desktop = await startDesktop({ home });
      await use(desktop);
      await quit(desktop);
      rmSync(home, { recursive: true, force: true });
    },
    { scope: "worker" },
  ],
  desktop: async ({ sharedDesktop }, use) => {
    await (await sharedDesktop.page()).reload();
    await use(sharedDesktop);
  },
});

test("2, 20: the page has no Node, and only the connection to the shell", async ({ desktop }) => {
  const page = await desktop.page();
  const found = await page.evaluate(() => ({
    node: ["require", "process", "module", "Buffer", "global"].filter((name) => name in window),
    bridge: Object.keys((window as unknown as { resilienceLab: object }).resilienceLab),
  }));
  expect(found).toEqual({ node: [], bridge: ["connect", "onNavigate"] });
});

test("2, 3, 4, 6, 8, 9, 10, 11: the window is isolated, sandboxed and has no dangerous feature enabled", async ({
  desktop,
}) => {
  const page = await desktop.page();
  const preferences = await desktop.inMain(({ BrowserWindow }) => {
    const windows = BrowserWindow.getAllWindows();
    return windows.map(({ webContents }) =>
      (webContents as unknown as { getLastWebPreferences(): Record<string, unknown> }).getLastWebPreferences(),
    );
  }, null);
  expect(preferences).toHaveLength(1);
  expect(preferences[0]).toMatchObject({
    contextIsolation: true,
    sandbox: true,
    nodeIntegration: false,
    nodeIntegrationInWorker: false,
    nodeIntegrationInSubFrames: false,
    webSecurity: true,
    allowRunningInsecureContent: false,
    experimentalFeatures: false,
    webviewTag: false,
  });
  expect(preferences[0]?.enableBlinkFeatures ?? "").toBe("");
  expect(await page.evaluate(() => document.querySelectorAll("webview").length)).toBe(0);
});

test("12: a webview is refused, whatever its attributes", async ({ desktop }) => {
  await desktop.page();
  const isRefused = await desktop.inMain(({ BrowserWindow }) => {
    let refused = false;
    const event = {
      preventDefault: () => {
        refused = true;
      },
    };
    const [window] = BrowserWindow.getAllWindows();
    const preferences = { nodeIntegration: true, preload: "/tmp/preload.js" };
    window?.webContents.emit("will-attach-webview", event as never, preferences, { src: "https://example.com/" });
    return refused;
  }, null);
  expect(isRefused).toBe(true);
});

test("1, 7: injected code does not run and nothing is fetched from elsewhere", async ({ desktop }) => {
  const page = await desktop.page();
  await whenConnected(page);
  const elsewhere = await page.evaluate(async () => {
    const blocked = new Set<string>();
    Object.assign(window, { blocked });
    document.addEventListener("securitypolicyviolation", (event) => blocked.add(event.effectiveDirective));
    const holder = document.createElement("div");
    holder.innerHTML = "<img src=x onerror='window.injected = 1'><style>p { display: none }</style>";
    const script = document.createElement("script");
    script.textContent = "window.injected = 2";
    const frame = document.createElement("iframe");
    frame.src = "https://example.com/";
    document.body.append(holder, script, frame);
    return fetch("https://example.com/").then(
      () => "fetched",
      () => "refused",
    );
  });
  expect(elsewhere).toBe("refused");
  // Each attempt is recorded when made: an image's handler runs only once the image has failed to load.
  await expect
    .poll(() => page.evaluate(() => [...(window as unknown as { blocked: Set<string> }).blocked].sort()))
    .toEqual(
      expect.arrayContaining(["connect-src", "frame-src", "script-src-attr", "script-src-elem", "style-src-elem"]),
    );
  expect(await page.evaluate(() => "injected" in window)).toBe(false);
});

test("13, 14: the page navigates nowhere else and opens no window", async ({ desktop }) => {
  const page = await desktop.page();
  await whenConnected(page);
  const before = page.url();
  await page.evaluate(() => {
    window.location.href = "https://example.com/";
  });
  await page.evaluate(() => void window.open("https://example.com/"));
  await page.evaluate(() => {
    const link = Object.assign(document.createElement("a"), { href: "https://example.com/", target: "_blank" });
    document.body.append(link);
    link.click();
  });
  await expect
    .poll(
      () =>
        page
          .context()
          .pages()
          .filter((each) => !each.isClosed()).length,
    )
    .toBe(1);
  expect(page.url()).toBe(before);
  expect(await inPage(page, ({ state }) => state !== undefined, null)).toBe(true);
});

test("the page saves what it made where the dialog asks for it, and downloads nothing from elsewhere", async ({
  desktop,
}) => {
  const page = await desktop.page();
  await desktop.inMain(({ session }) => {
    const noted: unknown[] = [];
    Object.assign(globalThis, { noted });
    session.defaultSession.on("will-download", (event, item) => {
      noted.push(event.defaultPrevented ? `refused ${item.getFilename()}` : item.getSaveDialogOptions());
      item.cancel();
    });
  }, null);
  const noted = () => desktop.inMain(() => (globalThis as unknown as { noted: unknown[] }).noted, null);
  const save = (made: boolean, name: string) =>
    page.evaluate(
      ([isMade, download]) => {
        const href = isMade ? URL.createObjectURL(new Blob(["<svg/>"])) : "data:text/plain,x";
        Object.assign(document.createElement("a"), { href, download }).click();
      },
      [made, name] as const,
    );
  await save(true, "map-1.svg");
  const offered = { defaultPath: "map-1.svg", filters: [{ name: "SVG", extensions: ["svg"] }] };
  await expect.poll(noted).toEqual([offered]);
  await save(false, "other.txt");
  await expect.poll(noted).toEqual([offered, "refused other.txt"]);
});

test("5: the page gets no permission", async ({ desktop }) => {
  const page = await desktop.page();
  const answers = await page.evaluate(async () => ({
    notifications: await Notification.requestPermission(),
    geolocation: await new Promise<string>((resolve) =>
      navigator.geolocation.getCurrentPosition(
        () => resolve("granted"),
        () => resolve("refused"),
      ),
    ),
    microphone: await navigator.mediaDevices.getUserMedia({ audio: true }).then(
      () => "granted",
      () => "refused",
    ),
  }));
  expect(answers).toEqual({ notifications: "denied", geolocation: "refused", microphone: "refused" });
});

test("17: only the top frame of the lab's own page gets a connection to the lab", async ({ desktop }) => {
  await whenConnected(await desktop.page());
  const closed = await desktop.inMain(({ BrowserWindow, ipcMain }) => {
    const [window] = BrowserWindow.getAllWindows();
    const contents = window?.webContents;
    const knock = (sender: unknown, senderFrame: unknown) => {
      let isClosed = false;
      const port = {
        on() {},
        start() {},
        postMessage() {},
        close: () => {
          isClosed = true;
        },
      };
      ipcMain.emit("lab:connect", { sender, senderFrame, ports: [port] });
      return isClosed;
    };
    return {
      otherWindow: knock({}, contents?.mainFrame),
      frameWithin: knock(contents, { url: "app://lab/" }),
      frameGone: knock(contents, null),
    };
  }, null);
  expect(closed).toEqual({ otherWindow: true, frameWithin: true, frameGone: true });
});

test("18: the lab's scheme serves the built page and no other file", async ({ desktop }) => {
  const page = await desktop.page();
  const answers = await page.evaluate(async () => {
    const ask = (path: string, init: RequestInit = {}) => fetch(path, init).then(({ status }) => status);
    return {
      page: await ask("/index.html"),
      above: await ask("/..%2f..%2fpackage.json"),
      encoded: await ask("/%2e%2e/%2e%2e/package.json"),
      missing: await ask("/nothing.js"),
      written: await ask("/index.html", { method: "POST", body: "x" }),
    };
  });
  expect(answers).toEqual({ page: 200, above: 404, encoded: 404, missing: 404, written: 405 });
});

test("messages of the page are validated by the contract", async ({ desktop }) => {
  const page = await desktop.page();
  await whenConnected(page);
  const refusals = await inPage(
    page,
    async ({ lab }) => {
      const attempts = [
        lab.call.stack.fault({ kind: "stop", target: "mock-slack", command: "rm" } as never),
        lab.call.scenarios.get({ id: "../../etc/passwd" }),
        lab.call.history.get({ runId: "'; DROP TABLE runs; --" }),
        lab.call.settings.set({ historyLimit: -1 }),
      ];
      const settled = await Promise.allSettled(attempts);
      return settled.map((each) => (each.status === "rejected" ? each.reason.code : "done"));
    },
    null,
  );
  expect(refusals).toEqual(["bad-input", "bad-input", "bad-input", "bad-input"]);
});
