import type { Page } from "@playwright/test";

/** As the browser reports it. */
type LayoutShift = PerformanceEntry & { sources: { node: Node | null }[] };

/**
 * Notes from the next document on what moves by itself, as a person sees it who is about to click.
 * @returns asks for the texts of what has moved until now
 */
export async function noteShifts(page: Page): Promise<() => Promise<string[]>> {
  await page.addInitScript(() => {
    const moved: string[] = [];
    Object.assign(window, { moved });
    new PerformanceObserver((list) => {
      for (const { sources } of list.getEntries() as LayoutShift[])
        for (const { node } of sources) if (node instanceof HTMLElement) moved.push(node.innerText);
    }).observe({ type: "layout-shift", buffered: true });
  });
  return async () => {
    const isReported = await page.evaluate(() => PerformanceObserver.supportedEntryTypes.includes("layout-shift"));
    if (!isReported) throw new Error("this browser does not report what moves");
    // A shift is reported with the frame that shows it.
    await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
    return page.evaluate(() => (window as unknown as { moved: string[] }).moved);
  };
}
