import { randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compose } from "../../electron/testing/docker-command.ts";
import { BrowserLab, expect, test } from "../page/lab-under-test.ts";
import { noteShifts } from "../page/layout-shifts.ts";
import { hasEngine } from "./has-engine.ts";

/** A compose file of one service in a folder of the project's name; the engine has nothing of it yet. */
function composeProject() {
  const name = `labopened${randomUUID().slice(0, 8)}`;
  const place = mkdtempSync(join(tmpdir(), "resilience-lab-page-"));
  const folder = join(place, name);
  mkdirSync(folder);
  const command = ["node", "-e", "setInterval(() => {}, 1000)"];
  const services = { web: { image: "node:24-slim", command, stop_grace_period: "0s" } };
  writeFileSync(join(folder, "compose.yaml"), JSON.stringify({ version: "3.8", services }));
  const remove = () => {
    compose(folder, name, "down");
    rmSync(place, { recursive: true, force: true });
  };
  return { name, folder, remove };
}

test("moves no card of the first page when the engine has answered that it is there", async ({ browserLab, page }) => {
  test.skip(!hasEngine(), "needs a Docker engine");
  // The engine's longest answer is that there are projects.
  const { name, folder, remove } = composeProject();
  compose(folder, name, "up", "-d");
  try {
    const shifts = await noteShifts(page);
    await browserLab.open(page);
    await expect(page.getByText(/^Docker runs here, with/).filter({ visible: true })).toBeVisible();
    await expect(page.getByRole("article").first()).toBeVisible();
    expect((await shifts()).filter((text) => text.includes("Steps"))).toEqual([]);
  } finally {
    remove();
  }
});

test("a compose file that the engine has nothing of is brought up by its name, and is then a project like any other", async ({
  home,
  page,
}) => {
  test.skip(!hasEngine(), "needs a Docker engine");
  const { name, folder, remove } = composeProject();
  const file = join(folder, "compose.yaml");
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
    remove();
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
