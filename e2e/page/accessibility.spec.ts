import { scan, THEMED } from "./accessible.ts";
import { expect } from "./lab-under-test.ts";
import { PAGES } from "./pages.ts";
import { testOnRecordedLab, testOnSharedLab } from "./shared-labs.ts";

testOnSharedLab("the first page of a new lab has no accessibility problem", async ({ window: { page } }) => {
  await page.emulateMedia({ colorScheme: "light" });
  await scan(page, "first start");
});

testOnRecordedLab("no page has an accessibility problem, in either theme", async ({ window, runs }) => {
  // Opens every page, and checks each twice.
  testOnRecordedLab.slow();
  const { page } = window;
  await page.emulateMedia({ colorScheme: "light" });
  for (const { name, open, leave, differsIn } of PAGES) {
    await open(window, runs);
    await scan(page, `${name}, light`, { differsIn });
    if (name === "scenarios") {
      // The editor scrolls then.
      await page.setViewportSize({ width: 1280, height: 420 });
      await scan(page, "scenarios, in a low window");
      await page.setViewportSize({ width: 1280, height: 800 });
    }
    await page.emulateMedia({ colorScheme: "dark" });
    await scan(page, `${name}, dark`, { differsIn, rules: THEMED });
    await page.emulateMedia({ colorScheme: "light" });
    await page.keyboard.press("Escape");
    await leave?.(window);
  }
});

testOnRecordedLab(
  "with reduced motion a theme change applies at once, and the time axis has its colours",
  async ({ window, runs }) => {
    const { page } = window;
    await page.emulateMedia({ colorScheme: "light" });
    await page.emulateMedia({ colorScheme: "dark" });
    // During a transition an icon would be dark on dark, or light on light.
    expect(await page.evaluate(() => document.getAnimations().length)).toBe(0);
    await window.openAddress(`#/run/${runs.passed}`);
    await window.run.hasEnded("Passed");
    const hues = () =>
      page
        .getByTestId("timeline")
        .locator("xpath=ancestor::*[.//canvas][1]")
        .locator("canvas")
        .first()
        .evaluate((element) => {
          const canvas = element as HTMLCanvasElement;
          const data = canvas.getContext("2d")?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
          const found = new Set<number>();
          for (let at = 0; at < data.length; at += 4) {
            const [red = 0, green = 0, blue = 0] = [data[at], data[at + 1], data[at + 2]];
            const strongest = Math.max(red, green, blue);
            if (strongest - Math.min(red, green, blue) > 60) found.add([red, green, blue].indexOf(strongest));
          }
          return found.size;
        });
    // The fault is red, what is up is green.
    await expect.poll(hues).toBeGreaterThanOrEqual(2);
  },
);
