import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Locator } from "@playwright/test";
import { PROJECT } from "../desktop/shell-under-test.ts";
import { isAccessible } from "./accessible.ts";
import { expect, test } from "./lab-under-test.ts";

const SAMPLES = join(PROJECT, "electron", "lab", "evaluation", "testing", "traces");
const HELM = join(SAMPLES, "helm.json");
const TEMPO = join(SAMPLES, "tempo_export_with_batches.json");
const SET = join(SAMPLES, "eval_set_helm.json");

test("a trace file is opened, shown as a waterfall, evaluated, and saved as what is expected", async ({ window }) => {
  const { page, run } = window;
  await window.goTo("History");

  await test.step("open it: by its content, whatever its name", async () => {
    const choosing = page.waitForEvent("filechooser");
    await page.getByRole("button", { name: "Import", exact: true }).click();
    await (await choosing).setFiles({
      name: "trace.bin",
      mimeType: "application/octet-stream",
      buffer: readFileSync(HELM),
    });
    const dialog = page.getByRole("dialog", { name: "Import" });
    await expect(dialog).toContainText(/A trace with \d+ spans/);
    await dialog.getByRole("link", { name: "trace.bin" }).click();
  });

  await test.step("its waterfall has all its spans and the details of each", async () => {
    await expect(page.getByRole("tab", { name: "Waterfall" })).toHaveAttribute("aria-selected", "true");
    const rows = page.getByRole("region", { name: "Waterfall" });
    await expect(rows.getByRole("button", { name: /^invocation, / })).toBeVisible();
    // The first span lasts as long as the trace does, and nothing of that is taken for idle.
    const plotPx = (await run.timeline.boundingBox())?.width ?? Number.NaN;
    const barPx = () =>
      rows.locator("span:empty").evaluateAll((bars) => bars.map((bar) => bar.getBoundingClientRect().width));
    await expect.poll(async () => Math.max(...(await barPx()))).toBeGreaterThan(0.99 * plotPx);
    expect((await barPx()).filter((px) => px > plotPx / 3).length).toBeGreaterThan(3);
    await expect(run.inspector.getByRole("heading", { name: "About this trace" })).toBeVisible();
    await page.getByRole("button", { name: "Next failed span" }).click();
    await expect(run.inspector).toContainText("Statuserror");
    await page.getByRole("textbox", { name: "Search names" }).fill("execute_tool");
    await rows.getByRole("button", { name: /^execute_tool helm_list_releases/ }).click();
    await expect(run.inspector).toContainText("gcp.vertex.agent.tool_call_args");
    await expect(page.locator("main header").getByText("Trace", { exact: true })).toBeVisible();
    // Neither lanes, and a menu of them, nor tabs of what only a run has.
    await expect(page.getByRole("button", { name: "Lanes" })).toHaveCount(0);
    await expect(page.getByRole("tab")).toHaveText(["Waterfall", "Events", /^Notes/]);
    expect((await page.getByRole("region", { name: "Timeline" }).boundingBox())?.height).toBeLessThan(60);
    await isAccessible(page);
  });

  const expected = JSON.parse(readFileSync(SET, "utf8")) as EvalSet;
  /** By keyboard alone. */
  const press = async (key: string, control: Locator) => {
    await expect(control).toBeVisible();
    for (let tabs = 0; tabs < 100; tabs++) {
      if (await control.evaluate((element) => element === document.activeElement)) return page.keyboard.press(key);
      await page.keyboard.press("Tab");
    }
    throw new Error("a control is not reached by the Tab key");
  };
  const evaluate = async (set: EvalSet) => {
    await press("Enter", page.getByRole("button", { name: "Evaluate", exact: true }).first());
    await expect(page.getByRole("heading", { level: 1, name: "Evaluate" })).toBeVisible();
    const choosing = page.waitForEvent("filechooser");
    await press("Enter", page.getByRole("button", { name: "Choose an eval set" }));
    await (await choosing).setFiles({
      name: "set.json",
      mimeType: "application/json",
      buffer: Buffer.from(JSON.stringify(set)),
    });
    await expect(page.getByText("set.json")).toBeVisible();
    await press("Space", page.getByRole("checkbox", { name: "response_match_score" }));
    await press("Enter", page.getByRole("button", { name: "Evaluate", exact: true }));
    await expect(page.getByRole("tab", { name: "Evaluation" })).toHaveAttribute("aria-selected", "true");
  };

  await test.step("evaluated by its set, it passes", async () => {
    await evaluate(expected);
    const metrics = page.getByRole("list", { name: "Metrics" });
    await expect(metrics).toContainText("passed tool_trajectory_avg_score: 1 (threshold 0.5)");
    await expect(metrics).toContainText("passed response_match_score: 0.811881 (threshold 0.5)");
    await isAccessible(page);
  });

  await test.step("by a set with another argument, it fails at that field", async () => {
    const [use] = expected.eval_cases[0]?.conversation[0]?.intermediate_data.tool_uses ?? [];
    if (use === undefined) throw new Error("the set has no use of a tool");
    use.args = { ...use.args, all_namespaces: "never" };
    await page.getByRole("region", { name: "trace.bin" }).getByRole("link", { name: "trace.bin" }).click();
    await evaluate(expected);
    const row = page.getByRole("row", { name: /^Use 1/ });
    await expect(row).toContainText("arguments differ: all_namespaces");
    await expect(row.locator("[data-differs]").first()).toContainText("all_namespaces");
    await expect(page.locator("main header").getByText("Failed", { exact: true })).toBeVisible();
  });

  await test.step("what it did is saved as an eval set", async () => {
    await page.getByRole("region", { name: "trace.bin" }).getByRole("link", { name: "trace.bin" }).click();
    // Also when it is opened again.
    await expect(page.getByRole("tab", { name: "Waterfall" })).toHaveAttribute("aria-selected", "true");
    const downloading = page.waitForEvent("download");
    await page.getByRole("button", { name: "More for this run" }).click();
    await page.getByRole("menuitem", { name: "Save what it did as an eval set" }).click();
    const saved = JSON.parse(readFileSync(await (await downloading).path(), "utf8")) as EvalSet;
    expect(saved.eval_cases[0]?.conversation[0]?.intermediate_data.tool_uses[0]?.name).toBe("helm_list_releases");
  });

  await test.step("the history has the trace and both evaluations", async () => {
    await window.goTo("History");
    await expect(page.getByRole("link", { name: "trace.bin", exact: true })).toBeVisible();
    await expect(page.getByRole("link", { name: "Evaluation of trace.bin by helm_eval_set" })).toHaveCount(2);
    await page.getByRole("button", { name: "Pull a trace" }).click();
    const dialog = page.getByRole("dialog", { name: "Pull a trace" });
    await dialog.getByRole("textbox", { name: "Address" }).fill("http://127.0.0.1:1");
    await dialog.getByRole("textbox", { name: "Id of the trace" }).fill("abc");
    await dialog.getByRole("button", { name: "Pull the trace" }).click();
    await expect(page.getByRole("alert").filter({ hasText: "cannot be reached" })).toBeVisible();
  });

  await test.step("a trace is pulled from a Tempo", async () => {
    const tempo = createServer(({ url }, response) => {
      response.writeHead(url === "/api/traces/abc" ? 200 : 404).end(readFileSync(TEMPO));
    }).listen(0, "127.0.0.1");
    const dialog = page.getByRole("dialog", { name: "Pull a trace" });
    await once(tempo, "listening");
    const { port } = tempo.address() as AddressInfo;
    await dialog.getByRole("textbox", { name: "Address" }).fill(`http://127.0.0.1:${port}`);
    await dialog.getByRole("button", { name: "Pull the trace" }).click();
    await expect(page.getByRole("heading", { level: 1, name: /^abc from 127\.0\.0\.1:/ })).toBeVisible();
    await expect(page.getByText("86 spans", { exact: true })).toBeVisible();
    tempo.close();
  });
});

interface EvalSet {
  eval_cases: {
    conversation: { intermediate_data: { tool_uses: { name: string; args: Record<string, unknown> }[] } }[];
  }[];
}
