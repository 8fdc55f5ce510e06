import { AxeBuilder } from "@axe-core/playwright";
import { expect, test } from "./lab-under-test.ts";
import { makeRuns, PAGES } from "./pages.ts";

test("no page has an accessibility problem, in either theme", async ({ window }) => {
  // Opens every page, after three runs, and checks each twice.
  test.slow();
  const { page } = window;
  await page.emulateMedia({ reducedMotion: "reduce" });
  const scan = async (what: string, rules?: string[]) => {
    // A tooltip belongs to its control, wherever it is drawn.
    await page.mouse.move(0, 0);
    await expect(page.getByRole("tooltip")).toHaveCount(0);
    // A colour in transition is neither.
    await page.evaluate(() => Promise.allSettled(document.getAnimations().map(({ finished }) => finished)));
    // One frame: it needs no other page to put the results of several together. What passes is not described.
    const axe = new AxeBuilder({ page }).setLegacyMode().options({ resultTypes: ["violations"] });
    const { violations } = await (rules === undefined ? axe : axe.withRules(rules)).analyze();
    const found = violations.flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id} ${target.join(" ")}: ${failureSummary}`),
    );
    expect.soft(found, what).toEqual([]);
  };
  await page.emulateMedia({ colorScheme: "light" });
  await scan("first start");
  const runs = await makeRuns(window);
  for (const { name, open, leave } of PAGES) {
    await open(window, runs);
    await scan(`${name}, light`);
    if (name === "scenarios") {
      // The editor scrolls then.
      await page.setViewportSize({ width: 1280, height: 420 });
      await scan("scenarios, in a low window");
      await page.setViewportSize({ width: 1280, height: 800 });
    }
    await page.emulateMedia({ colorScheme: "dark" });
    // Only the colours depend on the theme.
    await scan(`${name}, dark`, ["color-contrast"]);
    await page.emulateMedia({ colorScheme: "light" });
    await page.keyboard.press("Escape");
    await leave?.(window);
  }
});

test("with reduced motion a theme change applies at once, and the time axis has its colours", async ({ window }) => {
  const { page } = window;
  await page.emulateMedia({ reducedMotion: "reduce", colorScheme: "light" });
  await page.emulateMedia({ colorScheme: "dark" });
  // During a transition an icon would be dark on dark, or light on light.
  expect(await page.evaluate(() => document.getAnimations().length)).toBe(0);
  await window.runToEnd("The MCP server crashes and the tool stays visible", "Passed");
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
});
