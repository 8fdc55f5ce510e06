import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "./lab-under-test.ts";
import { ownScenarios } from "./own-scenarios.ts";

const VALID = `id: fixed
title: One of my own
patterns: [timeout]
steadyState: [{ service: gateway, is: up }]
method: [{ wait: 10ms }]
expect: [{ within: 20s }]
`;
const BROKEN = VALID.replace("method", "metod");
const HOPELESS = `cases: ${"x".repeat(300_000)}\n`;

test.use({ prepared: ownScenarios({ "broken.yaml": BROKEN, "hopeless.yaml": HOPELESS }) });

test("an invalid scenario file is fixed in the window, and another is deleted", async ({ window, home }) => {
  const { page } = window;
  const folder = join(home, "scenarios");
  const broken = page.getByRole("region", { name: "broken.yaml is not valid" });
  const hopeless = page.getByRole("region", { name: "hopeless.yaml is not valid" });
  const text = page.getByRole("textbox", { name: "Scenario YAML" });
  const save = page.getByRole("button", { name: "Save", exact: true });

  await test.step("the Lab page shows the problem, and opens what can be opened", async () => {
    await expect(broken).toContainText("line 1, method: expected a list, but it is missing");
    await expect(hopeless).toContainText("293 KiB long, and the editor takes 256 KiB at the most");
    const open = hopeless.getByRole("button", { name: "Open in the editor" });
    await expect(open).toHaveAccessibleDescription(/cannot be opened in the editor/);
    await broken.getByRole("button", { name: "Open in the editor" }).click();
  });

  await test.step("the text is unchanged, with its problems marked, and cannot be saved", async () => {
    await expect(text).toContainText("metod: [{ wait: 10ms }]");
    await expect(page.getByRole("complementary", { name: "Preview" })).toContainText(/problem/);
    await expect(page.locator(".cm-lint-marker-error").first()).toBeVisible();
    await expect(save).toHaveAccessibleDescription(/Fix the problems first: line 1/);
  });

  await test.step("unsaved changes are not lost by navigation, and are restored after the window was closed", async () => {
    await text.click();
    await page.keyboard.press("Control+End");
    await page.keyboard.type("# started");
    await window.goTo("History");
    const dialog = page.getByRole("dialog", { name: "Unsaved changes" });
    await dialog.getByRole("button", { name: "Cancel" }).click();
    await expect(dialog).toBeHidden();
    await page.reload();
    await expect(text).toContainText("# started");
    expect(readFileSync(join(folder, "broken.yaml"), "utf8")).toBe(BROKEN);
    await page.getByRole("button", { name: "Revert to saved" }).click();
    await expect(text).not.toContainText("# started");
  });

  await test.step("once fixed, it is saved under its id, and the broken file is gone", async () => {
    await page.getByRole("button", { name: "Line 5, column 1" }).click();
    for (let step = 0; step < "met".length; step++) await page.keyboard.press("ArrowRight");
    await page.keyboard.type("h");
    await expect(page.getByRole("heading", { name: "Checks" })).toBeVisible();
    await save.click();
    await expect(page).toHaveURL(/scenarios\/fixed$/);
    await expect(page.getByRole("link", { name: "One of my own" })).toHaveAttribute("aria-current", "page");
    await expect(broken).toBeHidden();
    expect(readdirSync(folder).sort()).toEqual(["fixed.yaml", "hopeless.yaml"]);
    expect(readFileSync(join(folder, "fixed.yaml"), "utf8")).toBe(VALID);
  });

  await test.step("after saving by key, the cursor stays in place", async () => {
    await expect(page.getByRole("heading", { name: "Checks" })).toBeVisible();
    await text.click();
    await page.keyboard.press("Control+End");
    for (const added of ["# one", " two"]) {
      await page.keyboard.type(added);
      await page.keyboard.press("Control+s");
      await expect(save).toHaveAccessibleDescription(/No unsaved changes/);
    }
    await expect(text).toContainText("# one two");
  });

  await test.step("also in a new scenario saved for the first time", async () => {
    await page.getByRole("link", { name: "New scenario" }).click();
    await expect(page).toHaveURL(/_new$/);
    await text.click();
    await page.keyboard.press("Control+End");
    await page.keyboard.type("# new");
    await page.keyboard.press("Control+s");
    await expect(page).not.toHaveURL(/_new$/);
    await expect(text).toBeFocused();
    await page.keyboard.type(" on");
    await expect(text).toContainText("# new on");
    await page.keyboard.press("Control+s");
    await expect(save).toHaveAccessibleDescription(/No unsaved changes/);
    await page.getByRole("link", { name: "One of my own" }).click();
    await text.click();
    await page.keyboard.press("Control+End");
  });

  await test.step("changes made elsewhere meanwhile are not overwritten without confirmation", async () => {
    const elsewhere = `${VALID}# elsewhere\n`;
    writeFileSync(join(folder, "fixed.yaml"), elsewhere);
    await page.keyboard.type(" three");
    await page.keyboard.press("Control+s");
    const dialog = page.getByRole("dialog", { name: "This scenario was changed elsewhere" });
    await expect(dialog).toBeVisible();
    expect(readFileSync(join(folder, "fixed.yaml"), "utf8")).toBe(elsewhere);
    await dialog.getByRole("button", { name: "Replace" }).click();
    await expect(save).toHaveAccessibleDescription(/No unsaved changes/);
    expect(readFileSync(join(folder, "fixed.yaml"), "utf8")).toContain("# one two three");
  });

  await test.step("everything is reachable at twice the size", async () => {
    await page.setViewportSize({ width: 640, height: 400 });
    await expect(text).toBeInViewport({ ratio: 0.5 });
    await expect(save.getByText("Save")).toBeInViewport({ ratio: 1 });
    await window.goTo("Lab");
    const card = window.card("One of my own");
    await card.scrollIntoViewIfNeeded();
    await expect(card).toBeInViewport({ ratio: 1 });
    await page.setViewportSize({ width: 1280, height: 800 });
  });

  await test.step("the other one is deleted after confirmation", async () => {
    await hopeless.getByRole("button", { name: "Delete hopeless.yaml" }).click();
    const dialog = page.getByRole("dialog", { name: "Delete hopeless.yaml?" });
    await dialog.getByRole("button", { name: "Cancel" }).click();
    await expect(dialog).toBeHidden();
    expect(existsSync(join(folder, "hopeless.yaml"))).toBe(true);
    await hopeless.getByRole("button", { name: "Delete hopeless.yaml" }).click();
    await dialog.getByRole("button", { name: "Delete", exact: true }).click();
    await expect(hopeless).toBeHidden();
    expect(readdirSync(folder).sort()).toEqual(["fixed.yaml", "my-scenario.yaml"]);
  });

  await test.step("a link to a file that is no longer broken shows the other scenarios", async () => {
    await window.openAddress("#/scenarios?file=broken.yaml");
    await expect(page.getByText("This file could not be opened")).toBeVisible();
    await page.getByRole("link", { name: "Show all scenarios" }).click();
    await expect(text.or(page.getByRole("textbox", { name: /read-only/ }))).toBeVisible();
  });
});

test("a run that could not start says so on its card until one has started, and the stack has the reason", async ({
  window,
  home,
}) => {
  const title = "The MCP server crashes and the tool stays visible";
  const card = window.card(title);
  const stacks = join(home, "stacks");
  const isReported = async () => {
    await expect(card).toContainText("Not started: the stack could not be brought up");
    await expect(window.page.getByRole("region", { name: "Stack", exact: true }).getByRole("alert")).toContainText(
      "stacks",
    );
  };
  rmSync(stacks, { recursive: true, force: true });
  writeFileSync(stacks, "");
  await card.getByRole("button", { name: `Run ${title}`, exact: true }).click();
  await isReported();
  await window.page.reload();
  await isReported();
  rmSync(stacks);
  await window.runToEnd(title, "Passed");
  await window.goTo("Lab");
  await expect(card).toContainText(title);
  await expect(card).not.toContainText("Not started");
});
