import { appendFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { expect, test } from "./lab-under-test.ts";
import { ownScenarios } from "./own-scenarios.ts";

const TITLE = "A run that takes its time";

test.use({
  prepared: ownScenarios({
    "slow.yaml": `id: slow
title: ${TITLE}
patterns: []
steadyState: [{ service: gateway, is: up }]
method: [{ name: takes its time, wait: 10m }]
expect: [{ service: gateway, is: up }]
`,
  }),
});

test("events that the history cannot store are marked as not saved, with time and reason, until they are stored", async ({
  window,
  home,
}) => {
  const { page, run } = window;
  /** Simulates output of the gateway. */
  const print = (line: string) => {
    const stacks = join(home, "stacks");
    const file = readdirSync(stacks, { recursive: true, encoding: "utf8" }).find((name) =>
      name.endsWith("gateway.stdout.log"),
    );
    appendFileSync(join(stacks, file ?? ""), `${line}\n`);
  };
  const line = (text: string) => page.getByRole("button", { name: text });
  await window.start(TITLE);
  await expect(page.getByText("takes its time").first()).toBeVisible();
  await run.tab("Logs");
  print("before the lock");
  await expect(line("before the lock")).toBeVisible();
  await expect(line("before the lock")).not.toHaveAttribute("title", "Not saved yet");

  // Another process holds a write transaction open.
  const other = new Database(join(home, "history.db"));
  other.exec("BEGIN IMMEDIATE");
  print("during the lock");
  await expect(line("during the lock")).toHaveAttribute("title", "Not saved yet");
  await expect(line("before the lock")).not.toHaveAttribute("title", "Not saved yet");
  await expect(run.header.getByRole("status")).toContainText(/Not saved since .*: the run history .* is locked/);

  other.close();
  await expect(run.header.getByText("Not saved since")).toHaveCount(0);
  await expect(line("during the lock")).not.toHaveAttribute("title", "Not saved yet");
  await page.getByRole("button", { name: "Cancel the run" }).click();
  await run.hasEnded("Cancelled");
});
