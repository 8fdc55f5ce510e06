import { AxeBuilder } from "@axe-core/playwright";
import { expect, test } from "./lab-under-test.ts";
import { makeRuns, PAGES } from "./pages.ts";

test("no page has a serious fault of accessibility, in either theme", async ({ window }) => {
  const { page } = window;
  await page.emulateMedia({ reducedMotion: "reduce" });
  const scan = async (what: string) => {
    const { violations } = await new AxeBuilder({ page }).analyze();
    const serious = violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .flatMap(({ id, nodes }) =>
        nodes.map(({ target, failureSummary }) => `${id} ${target.join(" ")}: ${failureSummary}`),
      );
    expect.soft(serious, what).toEqual([]);
  };
  await scan("first start");
  const runs = await makeRuns(window);
  for (const theme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme: theme });
    for (const { name, open } of PAGES) {
      await open(window, runs);
      await scan(`${name}, ${theme}`);
      await page.keyboard.press("Escape");
    }
  }
});
