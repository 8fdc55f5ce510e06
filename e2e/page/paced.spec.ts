import { expect, test } from "./lab-under-test.ts";
import { ownScenarios } from "./own-scenarios.ts";
import { testOnRecordedLab } from "./shared-labs.ts";

const TALK = `id: told
title: Told step by step
opening: A server stops while people watch.
closing: It was restored.
patterns: [timeout]
steadyState: [{ service: gateway, is: up }]
method:
  - fault: { stop: mock-slack, for: 9m }
    say: Slack stops. Watch its lane.
  - probe: gateway
    say: The gateway is asked whether it is up.
expect: [{ within: 60s }]
`;

testOnRecordedLab.use({ prepared: ownScenarios({ "told.yaml": TALK }) });

testOnRecordedLab(
  "a paced run waits for each step, is narrated, and is replayed, by keys alone",
  async ({ window }) => {
    const { page, run } = window;
    const waits = page.getByRole("region", { name: "The run waits" });
    const narration = page.getByRole("definition").first();

    await test.step("it waits before its first step, and says what that does", async () => {
      await page.getByRole("combobox", { name: "Pace of the runs" }).click();
      await page.getByRole("option", { name: /^Paced/ }).click();
      await window.start("Told step by step");
      await page.keyboard.press("p");
      await expect(waits).toContainText("waits before: fault: stop mock-slack");
      await expect(narration).toHaveText("Slack stops. Watch its lane.");
      await expect(run.health("mock-slack")).toHaveAttribute("data-status", "up");
      expect(
        await narration.evaluate((shown) => Number.parseFloat(getComputedStyle(shown).fontSize)),
      ).toBeGreaterThanOrEqual(20);
    });

    await test.step("Space lets it happen, and Page Down the next", async () => {
      await page.keyboard.press("Space");
      await expect(run.health("mock-slack")).toHaveAttribute("data-status", "down");
      await expect(waits).toContainText("waits before: probe gateway");
      await expect(narration).toHaveText("The gateway is asked whether it is up.");
      await page.keyboard.press("PageDown");
      await run.hasEnded("Passed");
      await expect(waits).toBeHidden();
      await expect(narration).toHaveText("It was restored.");
      await expect(page.getByRole("term").filter({ hasText: "Ended" })).toBeVisible();
    });

    await test.step("it is replayed from its start to its end, on the same screen", async () => {
      const speed = page.getByRole("combobox", { name: "Speed of the replay" });
      await speed.selectOption("0.25x");
      await page.getByRole("button", { name: "Replay" }).focus();
      await page.keyboard.press("r");
      await expect(run.moment).toContainText(/^At \d/);
      await page.keyboard.press("r");
      await expect(page.getByRole("button", { name: "Replay" })).toBeVisible();
      const paused = (await run.moment.textContent()) ?? "";
      await speed.selectOption("4x");
      await expect(run.moment).toHaveText(paused);
      await page.getByRole("button", { name: "Replay" }).focus();
      await page.keyboard.press("r");
      await expect(run.moment).toContainText("At the end");
      await expect(narration).toHaveText("It was restored.");
      await expect(page.getByRole("button", { name: "Replay" })).toBeVisible();
    });
  },
);
