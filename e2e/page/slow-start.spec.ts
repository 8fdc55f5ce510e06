import type { Page } from "@playwright/test";
import { expect, test } from "./lab-under-test.ts";

/** A person is faster than the page: what they did before a part of it was there is not lost when it arrives. */
test.describe("before all of the page is there", () => {
  test("the link that has the focus keeps it when the application takes the place of the first frame", async ({
    lab,
    page,
  }) => {
    const application = await holdBack(page, /\/app-[^/]*\.js$/);
    await lab.open(page);
    // Not the first of the two links to it.
    const labLink = page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Lab" });
    await labLink.focus();
    await application.arrives();
    await expect(page.getByRole("region", { name: "Stack", exact: true })).toBeVisible();
    await expect(labLink).toBeFocused();
  });

  for (const part of ["js", "css"]) {
    test(`a page whose ${part} is broken off, as when the machine's networks change, asks for it again`, async ({
      lab,
      page,
    }) => {
      let asked = 0;
      await page.route(new RegExp(`/lab-page-[^/]*\\.${part}$`), (route) =>
        asked++ === 0 ? route.abort("connectionaborted") : route.continue(),
      );
      const window = await lab.open(page);
      await window.isOpen();
      expect(asked).toBe(2);
      const card = window.card("The MCP server crashes and the tool stays visible");
      await expect(card).toHaveCSS("border-top-style", "solid");
    });
  }

  const opened = [
    { what: "the command palette", key: "Control+k", name: "Command palette" },
    { what: "the shortcuts", key: "?", name: "Shortcuts" },
  ];
  for (const { what, key, name } of opened) {
    test(`${what} open when they are there, and give the focus back`, async ({ lab, page }) => {
      const overlays = await holdBack(page, /\/overlays-[^/]*\.js$/);
      const window = await lab.open(page);
      await window.isOpen();
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
});

interface HeldBack {
  /** Waits until the page has asked for it, and lets it have it. */
  arrives(): Promise<void>;
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
