import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { PROJECT } from "../desktop/shell-under-test.ts";
import { expect, test } from "./lab-under-test.ts";

const TRACE = join(PROJECT, "electron", "lab", "evaluation", "testing", "traces", "helm.json");

test("a trace is opened where it is dropped; what is neither a trace nor a bundle is named, with what to do instead", async ({
  window,
}) => {
  const { page } = window;
  const folder = mkdtempSync(join(tmpdir(), "resilience-lab-dropped-"));
  const scenario = join(folder, "mine.yaml");
  const unpacked = join(folder, "unpacked");
  const picture = join(folder, "picture.png");
  writeFileSync(scenario, "id: mine\ntitle: Mine\nsteadyState: []\nmethod: []\nexpect: []\n");
  writeFileSync(picture, Buffer.from([0x89, 0x50, 0x4e, 0x47]));
  mkdirSync(unpacked);
  writeFileSync(join(unpacked, "manifest.json"), "{}");

  /** As the browser does for a drag from a file manager: a page's own event has no folders. */
  const dropOnce = async (files: readonly string[]) => {
    const session = await page.context().newCDPSession(page);
    const data = { items: [], files: [...files], dragOperationsMask: 1 };
    const send = (type: "dragEnter" | "dragOver" | "drop") =>
      session.send("Input.dispatchDragEvent", { type, x: 300, y: 300, data });
    await send("dragEnter");
    await expect(page.getByTestId("bundle-drop")).toBeVisible();
    const taken = page.evaluate(
      () =>
        new Promise((resolve) => {
          const once = { once: true };
          document.addEventListener("dragover", (event) => setTimeout(() => resolve(event.defaultPrevented)), once);
        }),
    );
    let isTaken: unknown;
    while (isTaken === undefined) isTaken = await Promise.race([taken, send("dragOver").then(() => undefined)]);
    expect(isTaken).toBe(true);
    await send("dragOver");
    await send("drop");
    await session.detach();
  };
  /** A browser that is busy does not know yet that the page takes them, and opens them in tabs. */
  const drop = async (...files: string[]) => {
    const { promise: imported, resolve } = Promise.withResolvers<"imported">();
    void page
      .getByRole("dialog", { name: "Import" })
      .waitFor()
      .then(() => resolve("imported"));
    for (let attempt = 1; attempt <= 10; attempt++) {
      const inTabs = page
        .context()
        .waitForEvent("page")
        .then(() => "in tabs" as const);
      inTabs.catch(() => {});
      await dropOnce(files);
      if ((await Promise.race([imported, inTabs])) === "imported") return;
      for (const other of page.context().pages()) if (other !== page) await other.close();
      await page.bringToFront();
    }
  };

  try {
    await window.isComplete();
    await drop(unpacked, scenario, TRACE, picture);
    const dialog = page.getByRole("dialog", { name: "Import" });
    const about = (file: string) => dialog.getByRole("alert").filter({ hasText: basename(file) });
    await expect(about(unpacked)).toContainText("it is a folder");
    await expect(about(unpacked)).toContainText(
      "drop the exported zip file, or run `resilience-lab bundle import FOLDER`",
    );
    await expect(about(scenario)).toContainText("this is a scenario");
    await expect(dialog).toContainText(/A trace with \d+ spans/);
    await expect(dialog.getByRole("link", { name: "helm.json" })).toBeVisible();
    await expect(about(picture)).toContainText("it is no zip file; choose a file that Export on the History page");
    await dialog.getByRole("button", { name: "Close" }).last().click();
    await expect(dialog).toBeHidden();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
