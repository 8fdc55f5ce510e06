import { expect, test } from "./lab-under-test.ts";

const CRASH = "The MCP server crashes and the tool stays visible";

test("the filters of the history and of the scenarios survive Back and a reload, and a link without them shows all", async ({
  window,
}) => {
  const { page } = window;
  await test.step("the scenarios", async () => {
    const search = page.getByRole("textbox", { name: "Search the scenarios" });
    await search.fill("tool stays visible");
    await expect(page.getByRole("article")).toHaveCount(1);
    await window
      .card(CRASH)
      .getByRole("button", { name: `Run ${CRASH}`, exact: true })
      .click();
    await window.run.isShown(CRASH);
    await window.run.hasEnded("Passed");
    await page.goBack();
    await expect(search).toHaveValue("tool stays visible");
    await expect(page.getByRole("article")).toHaveCount(1);
    await page.reload();
    await expect(search).toHaveValue("tool stays visible");
    await expect(page.getByRole("article")).toHaveCount(1);
  });

  await test.step("the list in the place of cards, by pattern, with the last outcomes", async () => {
    await page.getByRole("button", { name: "Show as a list" }).click();
    await expect(page.getByRole("article")).toHaveCount(0);
    await page.reload();
    const group = page.getByRole("region", { name: "capability cache" });
    await expect(
      group
        .getByRole("listitem")
        .filter({ hasText: CRASH })
        .getByRole("link", { name: /^Passed/ }),
    ).toHaveCount(1);
    await page.getByRole("button", { name: "Show as a list" }).click();
    await expect(page.getByRole("article")).toHaveCount(1);
  });

  await test.step("the tab of a run, and the width of its inspector", async () => {
    await window
      .card(CRASH)
      .getByRole("link", { name: /^Passed/ })
      .click();
    await window.run.tab("Waterfall");
    await expect(page).toHaveURL(/tab=waterfall/);
    const edge = page.getByRole("separator", { name: "Width of the inspector" });
    const before = (await window.run.inspector.boundingBox())?.width ?? 0;
    await edge.press("ArrowLeft");
    const isWider = async () => ((await window.run.inspector.boundingBox())?.width ?? 0) > before;
    await expect.poll(isWider).toBe(true);
    await page.reload();
    await expect(page.getByRole("tab", { name: "Waterfall", selected: true })).toBeVisible();
    await expect.poll(isWider).toBe(true);
    await page.getByRole("separator", { name: "Height of the details" }).press("ArrowUp");
    await expect(page.getByRole("separator", { name: "Height of the details" })).not.toHaveAttribute(
      "aria-valuenow",
      "170",
    );
  });

  await window.runToEnd(CRASH, "Failed", "capability-cache");
  await window.goTo("History");
  const search = page.getByRole("textbox", { name: "Search the runs" });
  const outcome = page.getByRole("combobox", { name: "Filter by outcome" });
  const runs = page.getByRole("link", { name: CRASH });
  await expect(runs).toHaveCount(2);
  await outcome.click();
  await page.getByRole("option", { name: "Failed" }).click();
  await search.fill("mcp-crash");
  await expect(runs).toHaveCount(1);
  await expect(page).toHaveURL(/text=mcp-crash/);
  const isFiltered = async () => {
    await expect(runs).toHaveCount(1);
    await expect(search).toHaveValue("mcp-crash");
    await expect(outcome).toHaveValue("Failed");
  };
  await test.step("Back", async () => {
    await runs.click();
    await window.run.hasEnded("Failed");
    await page.goBack();
    await isFiltered();
  });
  await test.step("a reload", async () => {
    await page.reload();
    await isFiltered();
  });
  await test.step("the link to the page", async () => {
    await window.goTo("History");
    await expect(runs).toHaveCount(2);
    await expect(search).toHaveValue("");
    await page.goBack();
    await isFiltered();
  });
});
