import type { Page } from "@playwright/test";
import { expect, type LabUnderTest } from "./lab-under-test.ts";
import { testOnSharedLab as test } from "./shared-labs.ts";

/** Input before a part of the page has loaded is not lost. */
test.describe("before all of the page has loaded", () => {
  test("a focused link keeps the focus when the application replaces the first frame", async ({ lab, page }) => {
    const application = await holdBack(page, /\/app-[^/]*\.js$/);
    await lab.open(page);
    // Not the first of the two links to it.
    const labLink = page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Lab" });
    await labLink.focus();
    await application.arrives();
    await expect(page.getByRole("region", { name: "Stack", exact: true })).toBeVisible();
    await expect(labLink).toBeFocused();
  });

  // Browsers abort fetches when the machine's networks change.
  test("each part is loaded again after an aborted fetch, and the address is kept", async ({ lab, page }) => {
    const window = await lab.open(page);
    await window.isOpen();
    for (const part of ["index", "controls", "history-page"]) {
      for (const kind of ["js", "css"]) {
        await test.step(`${part}.${kind}`, async () => {
          const file = new RegExp(`/${part}-[^/]*\\.${kind}$`);
          let asked = 0;
          await page.route(file, (route) => (asked++ === 0 ? route.abort("connectionaborted") : route.continue()));
          await page.goto("about:blank");
          await window.openAddress("#/history");
          await expect(page.getByRole("heading", { level: 1, name: "History" })).toBeVisible();
          await expect.poll(() => asked).toBeGreaterThan(1);
          await expect.poll(() => unstyled(page)).toEqual([]);
          await page.unroute(file);
        });
      }
    }
  });

  // The script waits for the styles before it: whether it runs before their failure is reported depends on the machine.
  test("styles that fail after the script has come are loaded again, whichever is first", async ({ lab, page }) => {
    const window = await lab.open(page);
    await window.isOpen();
    for (let round = 0; round < 3; round++) {
      let asked = 0;
      const script = page.waitForResponse(/\/index-[^/]*\.js$/);
      await page.route(/\/index-[^/]*\.css$/, async (route) => {
        if (asked++ > 0) return route.continue();
        await (await script).finished();
        await route.abort("connectionaborted");
      });
      await page.goto("about:blank");
      await window.openAddress("#/history");
      await expect(page.getByRole("heading", { level: 1, name: "History" })).toBeVisible();
      await expect.poll(() => asked).toBeGreaterThan(1);
      await expect.poll(() => unstyled(page)).toEqual([]);
      await page.unroute(/\/index-[^/]*\.css$/);
    }
  });

  test("a page that fails to load is reported, not retried without end, and loads on request", async ({
    lab,
    page,
  }) => {
    const window = await lab.open(page);
    await window.isOpen();
    let loads = 0;
    page.on("load", () => loads++);
    await page.route(/\/history-page-[^/]*\.js$/, (route) => route.abort("connectionaborted"));
    await window.goTo("History");
    const failure = page.getByRole("alert").filter({ hasText: "This page could not be shown" });
    await expect(failure).toBeVisible();
    expect(loads).toBeGreaterThan(0);
    await page.unroute(/\/history-page-[^/]*\.js$/);
    await failure.getByRole("button", { name: "Try again" }).click();
    await expect(page.getByRole("heading", { level: 1, name: "History" })).toBeVisible();
  });

  test("a page whose first script fails to load reports it", async ({ lab, page }) => {
    await page.route(/\/index-[^/]*\.js$/, (route) => route.abort("connectionaborted"));
    await lab.open(page);
    await expect(page.getByRole("alert")).toContainText("could not be loaded");
  });

  const opened = [
    { what: "the command palette", key: "Control+k", name: "Command palette" },
    { what: "the shortcuts", key: "?", name: "Shortcuts" },
  ];
  for (const { what, key, name } of opened) {
    test(`${what} open once loaded, and restore the focus`, async ({ lab, page }) => {
      const overlays = await openWithoutOverlays(lab, page);
      const history = page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "History" });
      await history.focus();
      await page.keyboard.press(key);
      await overlays.arrives();
      const dialog = page.getByRole("dialog", { name });
      await expect(dialog).toBeVisible();
      await page.keyboard.press("Escape");
      await expect(dialog).toBeHidden();
      await expect(history).toBeFocused();
    });
  }

  test("keys typed for the palette before it is there are its query, and no shortcuts of the page", async ({
    lab,
    page,
  }) => {
    const overlays = await openWithoutOverlays(lab, page);
    await page.keyboard.press("Control+k");
    await page.keyboard.type("presentr");
    await page.keyboard.press("Backspace");
    await page.keyboard.type("er mode");
    await overlays.arrives();
    const palette = page.getByRole("dialog", { name: "Command palette" });
    await expect(palette.getByRole("textbox")).toHaveValue("presenter mode");
    await expect(palette.getByRole("textbox")).toBeFocused();
    await expect(palette.getByRole("button", { name: /^Presenter mode/ })).toBeVisible();
    await page.keyboard.press("Escape");
    await expect(palette).toBeHidden();
    await expect(page.getByRole("button", { name: "Leave presenter mode" })).toBeHidden();
  });

  test("Enter pressed before the palette is there takes its first match, and Escape closes it", async ({
    lab,
    page,
  }) => {
    const overlays = await openWithoutOverlays(lab, page);
    await page.keyboard.press("Control+k");
    await page.keyboard.type("go to the queue");
    await page.keyboard.press("Escape");
    await page.keyboard.press("Control+k");
    await page.keyboard.type("go to the history");
    await page.keyboard.press("Enter");
    await overlays.arrives();
    await expect(page.getByRole("heading", { level: 1, name: "History" })).toBeVisible();
    await expect(page.getByRole("dialog", { name: "Command palette" })).toBeHidden();
  });
});

interface HeldBack {
  /** Waits until the page requests it, then continues the request. */
  arrives(): Promise<void>;
}

/** Opens the window, all of which is there but its overlays. */
async function openWithoutOverlays(lab: LabUnderTest, page: Page): Promise<HeldBack> {
  const overlays = await holdBack(page, /\/overlays-[^/]*\.js$/);
  const window = await lab.open(page);
  await window.isOpen();
  await expect(page.locator("html")).toHaveAttribute("data-fetching", "The overlays");
  return overlays;
}

async function holdBack(page: Page, part: RegExp): Promise<HeldBack> {
  const { promise: isAsked, resolve: asked } = Promise.withResolvers<void>();
  const { promise: isReleased, resolve: release } = Promise.withResolvers<void>();
  await page.route(part, async (route) => {
    asked();
    await isReleased;
    await route.continue();
  });
  return {
    arrives: async () => {
      await isAsked;
      release();
    },
  };
}

/** The style sheets that the page references and has not loaded: one whose fetch failed has no rules. */
function unstyled(page: Page): Promise<string[]> {
  return page
    .locator("link[rel=stylesheet]")
    .evaluateAll((links) =>
      (links as HTMLLinkElement[]).filter(({ sheet }) => !sheet?.cssRules.length).map(({ href }) => href),
    );
}
