import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Page } from "@playwright/test";
import { WebSocket } from "ws";
import { expect } from "./lab-under-test.ts";
import { LabWindow } from "./lab-window.ts";
import { testOnSharedLab as test } from "./shared-labs.ts";

/** Another program with a page on this machine, which records what browsers send it. */
class OtherPort {
  readonly cookies: string[] = [];
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      this.cookies.push(request.headers.cookie ?? "");
      response.setHeader("content-type", "text/html").end("<title>Another program</title>");
    });
  }

  static async listen(): Promise<OtherPort> {
    const other = new OtherPort();
    other.#server.listen(0, "127.0.0.1");
    await once(other.#server, "listening");
    return other;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

const UPLOAD = { method: "POST", body: "x", headers: { "content-type": "application/octet-stream" } };
const HALT = JSON.stringify({ i: "1", p: { u: "/stack/halt", b: {} } });

async function hasHalted(page: Page): Promise<boolean> {
  return page.getByText("The lab is halted").isVisible();
}

test("a program on another port that received the browser's cookie can replay it without getting access", async ({
  browserLab: lab,
  window,
  context,
}) => {
  const other = await OtherPort.listen();
  try {
    const page = await context.newPage();
    await page.goto(other.origin);
    await page.close();
    const cookie = other.cookies.find((sent) => sent.includes("resilience-lab")) ?? "";
    expect(cookie, "browsers send cookies to every port of a host").toContain("resilience-lab");

    const headers = { cookie, origin: lab.origin };
    expect((await fetch(`${lab.origin}/session`, { headers })).status).toBe(401);
    const upload = { ...UPLOAD, headers: { ...UPLOAD.headers, ...headers } };
    expect((await fetch(`${lab.origin}/uploads`, upload)).status).toBe(401);
    const socket = new WebSocket(`${lab.origin.replace("http", "ws")}/lab`, { headers });
    const answers: string[] = [];
    socket.on("message", (data) => answers.push(String(data)));
    await once(socket, "open");
    socket.send(HALT);
    const [code] = (await once(socket, "close")) as [number];
    expect(code).toBe(4401);
    expect(answers).toEqual([expect.stringContaining("refused")]);
    await window.isOpen();
    expect(await hasHalted(window.page)).toBe(false);
  } finally {
    other.close();
  }
});

test("a page of another port in the same browser can neither read, upload, act, nor request a key", async ({
  browserLab: lab,
  window,
  context,
}) => {
  const other = await OtherPort.listen();
  try {
    const page = await context.newPage();
    await page.goto(other.origin);
    const got = await page.evaluate(
      async ({ origin, halt, upload }) => {
        const asked = (path: string, init: RequestInit) =>
          fetch(`${origin}${path}`, { ...init, credentials: "include" }).then(
            (answer) => String(answer.status),
            () => "refused",
          );
        const socket = new Promise<string>((resolve) => {
          const opened = new WebSocket(`${origin.replace("http", "ws")}/lab`);
          opened.onopen = () => opened.send(halt);
          opened.onmessage = ({ data }) => resolve(String(data));
          opened.onclose = () => resolve("refused");
        });
        const invited = new Promise<string>((resolve) => {
          const channel = new BroadcastChannel("resilience-lab:invitations");
          channel.onmessage = () => resolve("a key");
          channel.postMessage({ ask: crypto.randomUUID() });
          void socket.then(() => resolve("nothing"));
        });
        return {
          session: await asked("/session", {}),
          withHeader: await asked("/session", { headers: { "x-lab-window": "guess" } }),
          upload: await asked("/uploads", upload),
          simpleUpload: await asked("/uploads", { method: "POST", body: "x", mode: "no-cors" }),
          socket: await socket,
          invited: await invited,
          storage: Object.keys(sessionStorage),
        };
      },
      { origin: lab.origin, halt: HALT, upload: UPLOAD },
    );
    expect(got).toEqual({
      session: "refused",
      withHeader: "refused",
      upload: "refused",
      // A request without a CORS preflight is answered 403, and the response cannot be read.
      simpleUpload: expect.stringMatching(/^(0|refused)$/),
      socket: "refused",
      invited: "nothing",
      storage: [],
    });
    await window.isOpen();
    expect(await hasHalted(window.page)).toBe(false);
  } finally {
    other.close();
  }
});

test("a window is admitted again after a reload, and after Back from another site", async ({ window }) => {
  const { page } = window;
  await page.reload();
  await window.isOpen();
  await page.goto("about:blank");
  await page.goBack();
  await window.isOpen();
  await page.reload();
  await window.isOpen();
});

test("a second tab is admitted by the first, and both keep working, also after a reload", async ({
  browserLab: lab,
  window,
  context,
}) => {
  const page = await context.newPage();
  await page.goto(lab.origin);
  const second = new LabWindow(page, lab.origin);
  await second.isOpen();
  for (const each of [window, second, window]) {
    await each.page.reload();
    await each.isOpen();
    await expect(each.banner).toBeHidden();
  }
});

test("a tab that starts as a copy of another, key included, becomes a separate window", async ({ window, context }) => {
  const opening = context.waitForEvent("page");
  // Copies the window's sessionStorage, as a browser's "Duplicate tab" does.
  await window.page.evaluate(() => void open("/"));
  const copy = new LabWindow(await opening, window.origin);
  await copy.isOpen();
  await copy.goTo("History");
  await expect(window.banner).toBeHidden();
  await window.page.reload();
  await window.isOpen();
  await copy.page.reload();
  await expect(copy.page.getByRole("heading", { level: 1, name: "History" })).toBeVisible();
  await expect(copy.banner).toBeHidden();
  const keys = await Promise.all(
    [window.page, copy.page].map((page) => page.evaluate(() => sessionStorage.getItem("resilience-lab:window-key"))),
  );
  expect(keys[0]).not.toBe(keys[1]);
});

test("a tab without another open tab shows where the next address is, and that address opens it", async ({
  browserLab: lab,
  context,
  page,
}) => {
  const first = await lab.open(page);
  await first.isOpen();
  const later = await context.newPage();
  await page.close();
  await later.goto(lab.origin);
  await expect(later.getByRole("heading", { name: "This window is not connected to the lab" })).toBeVisible();
  await expect(later.getByRole("main")).toContainText("Open the address that the lab printed in its terminal");
  await later.goto(lab.address);
  await new LabWindow(later, lab.origin).isOpen();
});

test("a file is uploaded with the window's key", async ({ window }) => {
  const { page } = window;
  await window.goTo("History");
  const uploading = page.waitForResponse((response) => response.url().endsWith("/uploads"));
  const choosing = page.waitForEvent("filechooser");
  await page.getByRole("button", { name: "Import" }).click();
  await (await choosing).setFiles({ name: "no.zip", mimeType: "application/zip", buffer: Buffer.from("no zip") });
  expect((await uploading).status()).toBe(200);
});
