import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { expect } from "../expect.ts";

/** The rules that depend on the theme: only the colours do. */
export const THEMED = ["color-contrast"];

/** Asserts that the page that is shown breaks no rule, in either theme. */
export async function isAccessible(page: Page): Promise<void> {
  await page.emulateMedia({ colorScheme: "light" });
  await scan(page, `${page.url()}, light`);
  await page.emulateMedia({ colorScheme: "dark" });
  await scan(page, `${page.url()}, dark`, { rules: THEMED });
}

interface Scope {
  /** Selectors of the parts of the page to scan; all of it unless set. */
  differsIn?: string[] | undefined;
  /** All of them unless set. */
  rules?: string[];
}

/** Asserts that the page, or a part of it, breaks no rule. */
export async function scan(page: Page, what: string, { differsIn = [], rules }: Scope = {}): Promise<void> {
  // A tooltip belongs to its control, wherever it is drawn.
  await page.mouse.move(0, 0);
  await expect(page.getByRole("tooltip")).toHaveCount(0);
  // A colour in transition is neither.
  await page.evaluate(() => Promise.allSettled(document.getAnimations().map(({ finished }) => finished)));
  // One frame: it needs no other page to put the results of several together. What passes is not described.
  const isThere = await page.evaluate(() => "axe" in globalThis);
  // Its half megabyte is read once.
  const axe = new AxeBuilder(isThere ? { page, axeSource: ";" } : { page });
  axe.setLegacyMode().options({ resultTypes: ["violations"] });
  for (const selector of differsIn) axe.include(selector);
  if (rules !== undefined) axe.withRules(rules);
  const { violations } = await axe.analyze();
  const found = violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id} ${target.join(" ")}: ${failureSummary}`),
  );
  expect.soft(found, what).toEqual([]);
}
