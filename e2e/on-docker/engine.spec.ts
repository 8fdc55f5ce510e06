import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BrowserLab, expect, test } from "../page/lab-under-test.ts";
import { noteShifts } from "../page/layout-shifts.ts";
import { hasEngine } from "./has-engine.ts";

test("moves no card of the first page when the engine has answered that it is there", async ({ browserLab, page }) => {
  test.skip(!hasEngine(), "needs a Docker engine");
  const shifts = await noteShifts(page);
  await browserLab.open(page);
  await expect(page.getByText(/^Docker runs here, with/).filter({ visible: true })).toBeVisible();
  await expect(page.getByRole("article").first()).toBeVisible();
  expect((await shifts()).filter((text) => text.includes("Steps"))).toEqual([]);
});

test("a compose file that the engine has nothing of is brought up by its name, and is then a project like any other", async ({
  home,
  page,
}) => {
  test.skip(!hasEngine(), "needs a Docker engine");
  const name = `labopened${randomUUID().slice(0, 8)}`;
  const folder = mkdtempSync(join(tmpdir(), "resilience-lab-page-"));
  mkdirSync(join(folder, name));
  const file = join(folder, name, "compose.yaml");
  const web = {
    image: "node:24-slim",
    command: ["node", "-e", "setInterval(() => {}, 1000)"],
    stop_grace_period: "0s",
  };
  writeFileSync(file, JSON.stringify({ version: "3.8", services: { web } }));
  const lab = await BrowserLab.start(home, {}, 0, [file]);
  try {
    const window = await lab.open(page);
    await window.goTo("Stacks");
    const row = page.getByRole("listitem").filter({ has: page.getByRole("heading", { name }) });
    await expect(row).toContainText("not up");
    await row.getByRole("button", { name: `Bring up ${name}` }).click();
    await expect(row).toContainText("1 of 1 running");
    await expect(row).toHaveCount(1);
    await row.getByRole("button", { name: `Open ${name}` }).click();
    await expect(window.service("web")).toHaveAccessibleName(/running, up/);
  } finally {
    await lab.stop();
    execFileSync("docker-compose", ["-p", name, "-f", file, "down"], { stdio: "pipe" });
    rmSync(folder, { recursive: true, force: true });
  }
});

test("where no engine answers the page says why and what to do, and the reference stack works", async ({
  home,
  page: tab,
}) => {
  const lab = await BrowserLab.start(home, { DOCKER_HOST: `unix://${join(home, "no-engine.sock")}` });
  try {
    const window = await lab.open(tab);
    await window.goTo("Stacks");
    const { page } = window;
    await expect(page.getByRole("status").filter({ hasText: "no Docker engine answers" })).toContainText("Fix:");
    await expect(page.getByRole("button", { name: "Open On Docker" })).toHaveAccessibleDescription(
      /no Docker engine answers/,
    );
    await window.goTo("Lab");
    await window.bringUp();
  } finally {
    await lab.stop();
  }
});
