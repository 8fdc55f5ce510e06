import { expect, inPage, test, whenConnected } from "./desktop.ts";

test("the page has no Node, and of the shell only the connection", async ({ desktop }) => {
  const page = await desktop.page();
  const found = await page.evaluate(() => ({
    node: ["require", "process", "module", "Buffer", "global"].filter((name) => name in window),
    bridge: Object.keys((window as unknown as { resilienceLab: object }).resilienceLab),
  }));
  expect(found).toEqual({ node: [], bridge: ["connect", "onNavigate"] });
});

test("the window is isolated, sandboxed and without Node", async ({ desktop }) => {
  await desktop.page();
  const preferences = await desktop.inMain(({ BrowserWindow }) => {
    const [window] = BrowserWindow.getAllWindows();
    const contents = window?.webContents as unknown as { getLastWebPreferences(): Record<string, unknown> };
    const { contextIsolation, sandbox, nodeIntegration, webviewTag } = contents.getLastWebPreferences();
    return { contextIsolation, sandbox, nodeIntegration, webviewTag };
  }, null);
  expect(preferences).toEqual({ contextIsolation: true, sandbox: true, nodeIntegration: false, webviewTag: false });
});

test("injected code does not run and nothing is fetched from elsewhere", async ({ desktop }) => {
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
  // Each is told of when it was tried: an image's handler only once the image has failed to load.
  await expect
    .poll(() => page.evaluate(() => [...(window as unknown as { blocked: Set<string> }).blocked].sort()))
    .toEqual(
      expect.arrayContaining(["connect-src", "frame-src", "script-src-attr", "script-src-elem", "style-src-elem"]),
    );
  expect(await page.evaluate(() => "injected" in window)).toBe(false);
});

test("the page goes nowhere else and opens no window", async ({ desktop }) => {
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

test("the page is given no permission that it asks for", async ({ desktop }) => {
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

test("the door to the lab opens for the top frame of the lab's own page alone", async ({ desktop }) => {
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

test("the lab's scheme serves the built page and nothing else of the disk", async ({ desktop }) => {
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

test("what the page sends is checked by the contract", async ({ desktop }) => {
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
