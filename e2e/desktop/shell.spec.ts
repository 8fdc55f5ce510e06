import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { expect, inPage, quit, startDesktop, test, whenConnected } from "./desktop.ts";
import { PROJECT } from "./shell-under-test.ts";

const TRACE = join(PROJECT, "electron", "lab", "evaluation", "testing", "traces", "helm.json");
const RUN = "0f0f0f0f-1111-4222-8333-444444444444";

test("a link opens a run in the running instance", async ({ desktop, home }) => {
  const page = await desktop.page();
  await whenConnected(page);
  const second = await startDesktop({ home, args: [`resilience-lab://run/${RUN}`] });
  expect(await second.ended).toBe(0);
  await expect.poll(() => inPage(page, ({ routes }) => routes, null)).toEqual([`run/${RUN}`]);
});

test("invalid links are ignored", async ({ desktop }) => {
  const page = await desktop.page();
  await whenConnected(page);
  const hostile = [
    "resilience-lab://run/../../etc",
    "resilience-lab://javascript:alert(1)",
    "https://example.com/run/x",
  ];
  await desktop.inMain(({ app }, links) => {
    for (const link of links) app.emit("second-instance", {}, ["electron", link]);
    app.emit("second-instance", {}, ["electron", "resilience-lab://history"]);
  }, hostile);
  await expect.poll(() => inPage(page, ({ routes }) => routes, null)).toEqual(["history"]);
});

test("the window has the chosen theme before its page has loaded", async ({ desktop, home }) => {
  const page = await desktop.page();
  await whenConnected(page);
  await inPage(page, ({ lab }) => lab.call.settings.set({ theme: "dark" }), null);
  await expect.poll(() => desktop.inMain(({ nativeTheme }) => nativeTheme.themeSource, null)).toBe("dark");
  await desktop.inMain(({ app }) => void setImmediate(() => app.quit()), null);
  await desktop.ended;
  const again = await startDesktop({ home });
  await again.page();
  const colours = await again.inMain(
    ({ BrowserWindow, nativeTheme }) => ({
      source: nativeTheme.themeSource,
      background: BrowserWindow.getAllWindows()[0]?.getBackgroundColor().toLowerCase(),
    }),
    null,
  );
  expect(colours).toEqual({ source: "dark", background: "#1a1b1e" });
  await again.inMain(({ app }) => void setImmediate(() => app.quit()), null);
  await again.ended;
});

test("the window opens where it was", async ({ desktop, home }) => {
  await whenConnected(await desktop.page());
  const userData = await desktop.inMain(({ app }) => app.getPath("userData"), null);
  await desktop.inMain(({ BrowserWindow }) => void setImmediate(() => BrowserWindow.getAllWindows()[0]?.close()), null);
  expect(await desktop.ended).toBe(0);
  expect(JSON.parse(readFileSync(join(userData, "window.json"), "utf8"))).toMatchObject({ width: 1280, height: 800 });
  expect(existsSync(join(home, "history.db"))).toBe(true);
});

test("a page that crashes is reloaded and shows the run that continues", async ({ desktop }) => {
  const page = await desktop.page();
  await whenConnected(page);
  await inPage(page, ({ lab }) => lab.call.settings.set({ ports: "auto" }), null);
  await inPage(page, ({ lab }) => lab.call.runs.start({ scenarioIds: ["mcp-crash"] }), null);
  await page.goto("chrome://crash").catch(() => {});
  await expect
    .poll(async () => inPage(await desktop.page(), ({ state }) => state?.queue.ended[0]?.outcome, null).catch(() => ""))
    .toBe("passed");
});

test("quitting while a fault is in force asks first, and undoes it", async ({ desktop, home }) => {
  const page = await desktop.page();
  await whenConnected(page);
  await inPage(page, ({ lab }) => lab.call.settings.set({ ports: "auto", keepStackUp: true }), null);
  await inPage(page, ({ lab }) => lab.call.stack.up(), null);
  await inPage(page, ({ lab }) => lab.call.stack.fault({ kind: "stop", target: "mock-slack" }), null);

  const answerWith = (response: number) =>
    desktop.inMain(({ dialog, app }, answer) => {
      Object.assign(dialog, { showMessageBox: async () => ({ response: answer }) });
      setImmediate(() => app.quit());
    }, response);
  await answerWith(1);
  await expect
    .poll(() =>
      inPage(page, ({ state }) => state?.stack.services.find(({ name }) => name === "mock-slack")?.faults.length, null),
    )
    .toBe(1);
  await answerWith(0);
  expect(await desktop.ended).toBe(0);

  const again = await startDesktop({ home });
  const after = await again.page();
  await whenConnected(after);
  const slack = await inPage(
    after,
    async ({ lab }) => {
      const { services } = await lab.call.stack.status();
      const { runs } = await lab.call.history.list({});
      const { state, faults } = services.find(({ name }) => name === "mock-slack") ?? { state: "", faults: [] };
      return { state, faults: faults.length, outcome: runs[0]?.outcome };
    },
    null,
  );
  expect(slack).toEqual({ state: "running", faults: 0, outcome: "passed" });
  await inPage(after, ({ lab }) => lab.call.stack.down(), null);
  await again.inMain(({ app }) => void setImmediate(() => app.quit()), null);
  await again.ended;
});

test("quitting on a full disk undoes everything, reports what could not be recorded, and exits", async ({
  desktop,
  home,
}) => {
  const page = await desktop.page();
  await whenConnected(page);
  await inPage(page, ({ lab }) => lab.call.settings.set({ ports: "auto" }), null);
  await inPage(page, ({ lab }) => lab.call.stack.up(), null);
  await inPage(page, ({ lab }) => lab.call.stack.fault({ kind: "pause", target: "mock-slack" }), null);
  const history = new Database(join(home, "history.db"));
  history.exec(
    "CREATE TRIGGER full BEFORE INSERT ON events BEGIN SELECT raise(ABORT, 'database or disk is full'); END",
  );
  history.close();
  const report = join(home, "report.txt");
  await desktop.inMain(({ dialog, app }, file) => {
    Object.assign(dialog, {
      showMessageBox: async () => ({ response: 0 }),
      showErrorBox: (_title: string, content: string) =>
        process.getBuiltinModule("node:fs").writeFileSync(file, content),
    });
    setImmediate(() => app.quit());
  }, report);
  expect(await desktop.ended).toBe(1);
  expect(readFileSync(report, "utf8")).toMatch(
    /run history .* cannot be written: database or disk is full\n.*make space/,
  );
  const journal = new Database(join(home, "journal.db"), { readonly: true });
  expect(["holder", "stacks"].map((table) => journal.prepare(`SELECT * FROM ${table}`).all())).toEqual([[], []]);
  journal.close();
});

test("the menu halts and undoes everything, and finished runs are notified", async ({ desktop }) => {
  const page = await desktop.page();
  await whenConnected(page);
  await desktop.inMain(({ BrowserWindow, Notification }) => {
    const shown: string[] = [];
    Object.assign(globalThis, { shown });
    Notification.prototype.show = function show() {
      shown.push(this.title);
    };
    BrowserWindow.getAllWindows()[0]?.blur();
  }, null);
  await inPage(page, ({ lab }) => lab.call.settings.set({ ports: "auto" }), null);
  await inPage(page, ({ lab }) => lab.call.runs.start({ scenarioIds: ["mcp-crash", "approval-timeout"] }), null);
  await expect.poll(() => inPage(page, ({ state }) => state?.approvals.waiting.length, null)).toBe(1);
  await desktop.inMain(({ Menu }) => Menu.getApplicationMenu()?.getMenuItemById("halt")?.click(), null);
  await expect
    .poll(() => inPage(page, ({ state }) => state?.queue.ended.map(({ outcome }) => outcome), null))
    .toEqual(["cancelled", "passed"]);
  expect(await inPage(page, ({ state }) => state?.halted, null)).toBe(true);
  const shown = await desktop.inMain(() => (globalThis as unknown as { shown: string[] }).shown, null);
  // Of runs that were requested together, once.
  expect(shown).toEqual(["1 of 2 runs ended as expected"]);
});

test("a key halts and undoes everything while the page hangs", async ({ desktop, home }) => {
  const page = await desktop.page();
  await whenConnected(page);
  await inPage(page, ({ lab }) => lab.call.settings.set({ ports: "auto" }), null);
  await inPage(page, ({ lab }) => lab.call.stack.up(), null);
  await inPage(page, ({ lab }) => lab.call.stack.fault({ kind: "pause", target: "mock-slack" }), null);
  const debug = await page.context().newCDPSession(page);
  await debug.send("Debugger.enable");
  const paused = new Promise((resolve) => debug.once("Debugger.paused", resolve));
  const hanging = page.evaluate(() => {
    // biome-ignore lint/suspicious/noDebugger: makes the page hang until it is resumed
    debugger;
  });
  await paused;
  const pressed = await desktop.inMain(({ BrowserWindow }) => {
    const modifier = process.platform === "darwin" ? { meta: true } : { control: true };
    let isTaken = false;
    const event = { preventDefault: () => (isTaken = true) };
    const { webContents } = BrowserWindow.getAllWindows()[0] ?? {};
    const input = {
      type: "keyDown",
      key: ".",
      alt: false,
      isAutoRepeat: false,
      control: false,
      meta: false,
      ...modifier,
    };
    (webContents as unknown as NodeJS.EventEmitter).emit("before-input-event", event, input);
    return isTaken;
  }, null);
  expect(pressed).toBe(true);
  const journal = new Database(join(home, "journal.db"), { readonly: true });
  const openFaults = () => journal.prepare("SELECT kind FROM faults WHERE state <> 'closed'").pluck().all();
  await expect.poll(openFaults).toEqual([]);
  expect(journal.prepare("SELECT count(*) FROM halt").pluck().get()).toBe(1);
  journal.close();
  await debug.send("Debugger.resume");
  await hanging;
  await expect.poll(() => inPage(page, ({ state }) => state?.halted, null)).toBe(true);
  await inPage(page, ({ lab }) => lab.call.stack.down(), null);
});

test("a run is exported to a chosen file and imported from it", async ({ desktop, home }) => {
  const page = await desktop.page();
  await whenConnected(page);
  await inPage(page, ({ lab }) => lab.call.settings.set({ ports: "auto" }), null);
  await inPage(page, ({ lab }) => lab.call.runs.start({ scenarioIds: ["mcp-crash"] }), null);
  await expect.poll(() => inPage(page, ({ state }) => state?.queue.ended[0]?.outcome, null)).toBe("passed");
  const runId = (await inPage(page, ({ state }) => state?.queue.ended[0]?.runId, null)) ?? "";
  const file = join(home, "given away.zip");
  await desktop.inMain(({ dialog }, filePath) => {
    Object.assign(dialog, {
      showSaveDialog: async () => ({ canceled: false, filePath }),
      showOpenDialog: async () => ({ canceled: false, filePaths: [filePath] }),
    });
  }, file);
  const exported = await inPage(page, ({ lab }, id) => lab.call.bundles.export({ runIds: [id] }), runId);
  expect(exported).toMatchObject({ kind: "saved", fileName: "given away.zip" });
  expect(existsSync(file)).toBe(true);

  await inPage(page, ({ lab }, id) => lab.call.history.delete({ runIds: [id] }), runId);
  const imported = await inPage(
    page,
    async ({ lab }) => {
      const chosen = await lab.call.bundles.choose();
      const upload = chosen?.upload ?? "";
      const { isValid } = await lab.call.bundles.verify({ upload });
      return { isValid, ...(await lab.call.bundles.import({ upload })) };
    },
    null,
  );
  expect(imported).toMatchObject({ isValid: true, imported: [{ runId }] });
  const dropped = await inPage(page, ({ lab }) => lab.upload(new File(["no bundle"], "x.zip")), null);
  const verified = await inPage(page, ({ lab }, upload) => lab.call.bundles.verify({ upload }), dropped.upload);
  expect(verified.isValid).toBe(false);

  // A trace is chosen in a dialog that shows files of any name.
  await desktop.inMain(({ dialog }, filePath) => {
    Object.assign(dialog, {
      showOpenDialog: async (...given: { filters?: unknown[] }[]) => ({
        canceled: given.at(-1)?.filters?.length !== 0,
        filePaths: [filePath],
      }),
    });
  }, TRACE);
  const trace = await inPage(
    page,
    async ({ lab }) => lab.call.traces.open({ upload: (await lab.call.traces.choose())?.upload ?? "" }),
    null,
  );
  expect(trace).toMatchObject({ title: "helm.json", spans: 96, problems: [] });
});

test("a compose file is opened by its name at the start or in the system's dialog, and a page names no path", async ({
  home,
}) => {
  const files = ["named", "chosen"].map((name) => {
    mkdirSync(join(home, name), { recursive: true });
    const file = join(home, name, "compose.yaml");
    writeFileSync(file, "services: { web: { image: web } }\n");
    return file;
  });
  const [named = "", chosen = ""] = files;
  const desktop = await startDesktop({ home, args: [`--stack=${named}`] });
  try {
    const page = await desktop.page();
    await whenConnected(page);
    const listed = () => inPage(page, async ({ lab }) => (await lab.call.stacks.list()).files, null);
    await expect.poll(listed).toMatchObject([{ file: named, project: "named", services: ["web"], problem: null }]);
    await desktop.inMain(({ dialog }, filePath) => {
      Object.assign(dialog, { showOpenDialog: async () => ({ canceled: false, filePaths: [filePath] }) });
    }, chosen);
    const opened = await inPage(page, ({ lab }) => lab.call.stacks.openFile(), null);
    expect(opened).toMatchObject({ file: chosen, project: "chosen" });
    expect((await listed()).map(({ project }) => project)).toEqual(["chosen", "named"]);
    await desktop.inMain(({ dialog }) => {
      Object.assign(dialog, { showOpenDialog: async () => ({ canceled: true, filePaths: [] }) });
    }, null);
    expect(await inPage(page, ({ lab }) => lab.call.stacks.openFile(), null)).toBeNull();
    await inPage(page, ({ lab }, id) => lab.call.stacks.forget({ is: "file", id }), opened?.id ?? "");
    expect((await listed()).map(({ project }) => project)).toEqual(["named"]);
  } finally {
    await quit(desktop);
  }
});
