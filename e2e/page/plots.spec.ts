import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { labProgram } from "../../electron/testing/lab-program.ts";
import { CALLS } from "../../electron/testing/slowed-run.ts";
import { isAccessible } from "./accessible.ts";
import { expect } from "./lab-under-test.ts";
import { RUN, SLOWER, testOnStoredRuns as test } from "./stored-runs.ts";

test("latency of calls over time, by tool, and its numbers before, during and after the fault", async ({
  window,
  home,
}) => {
  const { page, run } = window;
  await window.openAddress(`#/run/${RUN}`);
  await run.hasEnded("Passed");
  await run.tab("Plots");
  const plot = page.getByRole("slider", { name: /^Latency of 120 calls/ });
  const table = page.getByRole("table", { name: "Latency, errors and decisions by tool" });

  await test.step("the table is what the run's arithmetic gives", async () => {
    const cells = await table
      .getByRole("row")
      .evaluateAll((rows) => rows.map((row) => [...row.querySelectorAll("th, td")].map((cell) => cell.textContent)));
    // 1 to 40 ms, each once, and 200 ms more during the fault: ranks 20, 38 and 40 of 40; 4 of the 40 fail. Of all
    // of them, with two of each up to 40 ms, ranks 60, 114 and 119.
    expect(cells.slice(1, 5)).toEqual([
      ["All tools", "whole run", "120", "4", "30 ms", "234 ms", "239 ms", "allow 120"],
      ["All tools", "before the fault", String(CALLS.before), "0", "20 ms", "38 ms", "40 ms", "allow 40"],
      ["All tools", "during the fault", String(CALLS.during), "4", "220 ms", "238 ms", "240 ms", "allow 40"],
      ["All tools", "after the fault", String(CALLS.after), "0", "20 ms", "38 ms", "40 ms", "allow 40"],
    ]);
    expect(cells.filter(([name]) => name === "pay").map(([, , calls, errors]) => [calls, errors])).toEqual([
      ["60", "4"],
      ["20", "0"],
      ["20", "4"],
      ["20", "0"],
    ]);
  });

  await test.step("the plot begins where the lanes above begin, and ends where they end", async () => {
    const inner = await plot.locator(".u-over").boundingBox();
    const lanes = await run.timeline.boundingBox();
    expect(Math.abs((inner?.x ?? 0) - (lanes?.x ?? 0))).toBeLessThanOrEqual(1);
    expect(Math.abs((inner?.width ?? 0) - (lanes?.width ?? 0))).toBeLessThanOrEqual(1);
  });

  await test.step("by keyboard from call to call, which the inspector shows", async () => {
    await plot.focus();
    await plot.press("Home");
    await expect(plot).toHaveAttribute("aria-valuetext", "list at 10 ms: 1 ms, allow, before the fault");
    await plot.press("ArrowRight");
    await expect(plot).toHaveAttribute("aria-valuetext", /^pay at 60 ms: 8 ms/);
    await expect(run.inspector).toContainText("pay");
    await plot.press("End");
    await expect(plot).toHaveAttribute("aria-valuenow", "120");
    await page.keyboard.press("Escape");
  });

  await test.step("a link that nothing was read on says so", async () => {
    await page.getByText("By link").click();
    await expect(page.getByText("No calls were read on links")).toBeVisible();
    await page.getByText("By tool").click();
  });

  await test.step("one tool alone", async () => {
    await page.getByRole("combobox", { name: "Only one tool" }).click();
    await page.getByRole("option", { name: "pay" }).click();
    await expect(page.getByRole("slider", { name: /^Latency of 60 calls/ })).toBeVisible();
    await expect(table.getByRole("row")).toHaveCount(5);
  });
  await isAccessible(page);

  await test.step("the CSV that is exported has the calls of the table; a terminal writes the same", async () => {
    const downloading = page.waitForEvent("download");
    await page.getByRole("button", { name: "More for this run" }).click();
    await page.getByRole("menuitem", { name: "Export CSV (calls and decisions)" }).click();
    const text = readFileSync(await (await downloading).path(), "utf8");
    const calls = text.split("\r\n").filter((line) => line.startsWith("tool,"));
    expect(calls).toHaveLength(120);
    expect(calls.filter((line) => line.includes(",during,") && line.includes(",true,"))).toHaveLength(4);
    const args = [labProgram("launch"), "history", "export", RUN.slice(0, 8), "--format", "csv"];
    const env = { ...process.env, RESILIENCE_LAB_HOME: home };
    expect(spawnSync(process.execPath, args, { env, encoding: "utf8" }).stdout).toBe(text);
  });
});

test("two sets of runs are compared as distributions, with the difference and its interval", async ({ window }) => {
  const { page } = window;
  await window.goTo("History");
  await page.getByRole("checkbox", { name: "Select all 3 runs shown" }).check();
  await page.getByRole("button", { name: "Compare", exact: true }).click();
  const table = page.getByRole("region", { name: "Distributions" }).getByRole("table");
  const row = table.getByRole("row", { name: /^All tools during the fault/ });
  // Of 40 and 80 calls, each of the second set 120 ms slower: the shift is exactly that.
  await expect(row).toContainText(/median 221 ms of 40, 4 failed/);
  await expect(row).toContainText(/median 341 ms of 80, 8 failed/);
  await expect(row).toContainText("+120 ms (+11");
  await expect(table.getByRole("row", { name: /^All tools before the fault/ })).toContainText(/0 ms \(−/);
  await row.getByRole("button").click();
  await expect(
    page.getByRole("img", { name: /^Share of calls by duration, All tools, during the fault/ }),
  ).toBeVisible();
  await isAccessible(page);

  // Two runs stand on one axis; their calls are compared in the same way.
  await window.openAddress(`#/compare/${RUN}/${SLOWER[0]}`);
  await expect(page.getByRole("region", { name: "First run" })).toContainText("6.30 s");
  await expect(page.getByRole("region", { name: "Second run" })).toContainText("4 failed");
  await expect(row).toContainText(/median 341 ms of 40, 4 failed/);
  await expect(row).toContainText("+120 ms (+11");
});
