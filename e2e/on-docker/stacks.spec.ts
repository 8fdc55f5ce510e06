import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Locator, Page } from "@playwright/test";
import { parse } from "yaml";
import { ComposeProject } from "../../electron/testing/compose-project.ts";
import { cutPower } from "../../electron/testing/cut-power.ts";
import { docker } from "../../electron/testing/docker-command.ts";
import { PUBLIC_COMPOSE } from "../../electron/testing/public-project.ts";
import { isAccessible } from "../page/accessible.ts";
import { BrowserLab, expect, test } from "../page/lab-under-test.ts";
import type { LabWindow } from "../page/lab-window.ts";
import { hasEngine } from "./has-engine.ts";

/** No rule of accessibility is broken in either theme, and nothing is beside the page, in windows of both usual sizes. */
async function looksWell(page: Page): Promise<void> {
  const before = page.viewportSize();
  for (const size of [
    { width: 1920, height: 1080 },
    { width: 1280, height: 800 },
  ]) {
    await page.setViewportSize(size);
    await isAccessible(page);
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
  }
  if (before !== null) await page.setViewportSize(before);
}

/** Reached from where the focus is, and pressed, by keys alone. */
async function pressByTab(button: Locator, key = "Tab"): Promise<void> {
  const page = button.page();
  const isFocused = () => button.evaluate((element) => element === document.activeElement);
  for (let presses = 0; presses < 200 && !(await isFocused()); presses++) await page.keyboard.press(key);
  await expect(button).toBeFocused();
  await page.keyboard.press("Enter");
}

async function listens(window: LabWindow): Promise<void> {
  await expect(window.service("tools")).toHaveAccessibleName(/running, up/);
  await window.page.getByRole("button", { name: "Listen", exact: true }).click();
  await expect(window.link("mcp-gateway->tools")).toHaveAccessibleName(/\d calls?, \d+ errors?/);
}

/** SIGKILL for a lab and for whatever watches over it, by the data folder that they have. */
async function killWithWatchdog(lab: BrowserLab): Promise<void> {
  const mark = `RESILIENCE_LAB_HOME=${lab.home}`;
  await cutPower(() =>
    readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name) && environmentOf(name).includes(mark))
      .map(Number),
  );
}

function environmentOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
  } catch {
    return [];
  }
}

/** As a person writes it: a variable of the environment, and not its value. */
const PASSWORD = ["$", "{STORE_PASSWORD}"].join("");
const HEADER = `Authorization: Bearer ${PASSWORD}`;

const project = `labpage${randomUUID().slice(0, 8)}`;

test.describe("a compose project of someone else's", () => {
  test.skip(!hasEngine(), "needs a Docker engine");
  let theirs: ComposeProject;
  const asFound = () => {
    const ids = docker("ps", "-aq", "--no-trunc", "--filter", `label=com.docker.compose.project=${project}`).split(
      "\n",
    );
    const format = "{{.Id}} {{.Name}} {{.State.Status}} {{json .Config}} {{json .HostConfig}} {{json .Mounts}}";
    return docker("inspect", "--format", format, ...ids.sort());
  };

  test.beforeAll(() => {
    theirs = new ComposeProject(project, PUBLIC_COMPOSE, [], { ".env": "STORE_PASSWORD=of-theirs\n" });
  });
  test.afterAll(() => {
    theirs.down();
  });

  test("is opened in the window, broken manually, recorded, restored and left as it was found", async ({ window }) => {
    const { page } = window;
    const before = asFound();
    await window.goTo("Stacks");
    const row = page.getByRole("listitem").filter({ has: page.getByRole("heading", { name: project }) });
    await expect(row).toContainText("5 of 6 running");
    await expect(row).toContainText(theirs.file);
    await looksWell(page);
    await pressByTab(row.getByRole("button", { name: `Open ${project}` }));

    const stack = page.getByRole("region", { name: "Stack", exact: true });
    await expect(stack.getByRole("link", { name: `${project} · Docker` })).toBeVisible();
    for (const service of ["mcp-gateway", "tools", "store", "page", "worker"]) {
      await expect(window.service(service)).toHaveAccessibleName(/running, up/);
    }
    await expect(window.service("migration")).toHaveCount(0);
    // What is about the reference stack is not offered here, and says why.
    await expect(page.getByRole("button", { name: "Run the demo" })).toHaveCount(0);
    await expect(
      page.getByRole("button", { name: "Run The MCP server crashes and the tool stays visible", exact: true }),
    ).toHaveAccessibleDescription(
      /^Not on this stack: the stack has no (?:service|link) called |^Not on this stack: this needs a service/,
    );

    await test.step("what its services are for is tried, corrected and saved beside its compose file", async () => {
      await window.goTo("Stacks");
      await row.getByRole("link", { name: "Services and links" }).click();
      const form = page.getByRole("listitem", { name: "page", exact: true });
      await expect(form).toContainText("proposed");
      await looksWell(page);
      const choose = async (name: string, option: string, within: Locator | Page = form) => {
        await within.getByRole("combobox", { name, exact: true }).click();
        await page.getByRole("option", { name: option, exact: true }).click();
      };
      await choose("Role", "agent");
      await choose("Health by", "MCP handshake");
      await form.getByRole("button", { name: "Try page" }).click();
      await expect(form.getByRole("status")).toContainText(/refuses an MCP handshake/);
      await choose("Health by", "TCP connection");
      await expect(form.getByRole("status")).toBeEmpty();
      await form.getByRole("button", { name: "Try page" }).click();
      await expect(form.getByRole("status")).toContainText(/^up in \d+ ms: accepts connections$/);
      await choose("Caller", "worker", page);
      await choose("Callee", "tools", page);
      await page.getByRole("button", { name: "Add link" }).click();

      const store = page.getByRole("listitem", { name: "store", exact: true });
      await choose("Health by", "SQL query", store);
      // Proposed only where the database had started when the project was opened.
      await choose("Port", "5432", store);
      await expect(store.getByRole("button", { name: "Try store" })).toHaveAccessibleDescription(/^Enter the user/);
      await store.getByRole("textbox", { name: "User" }).fill("postgres");
      await store.getByRole("textbox", { name: "Database" }).fill("postgres");
      await store.getByRole("textbox", { name: "Password variable" }).fill("NOWHERE_SET");
      await store.getByRole("button", { name: "Try store" }).click();
      await expect(page.getByText("NOWHERE_SET is not set")).toBeVisible();
      await store.getByRole("textbox", { name: "Password variable" }).fill("STORE_PASSWORD");
      await store.getByRole("button", { name: "Try store" }).click();
      await expect(store.getByRole("status")).toContainText(/^up in \d+ ms: answers queries$/);

      const tools = page.getByRole("listitem", { name: "tools", exact: true });
      await tools.getByRole("textbox", { name: "Headers" }).fill("Authorization: Bearer secret");
      await expect(tools).toContainText("One a line, with a variable");
      await tools.getByRole("textbox", { name: "Headers" }).fill(HEADER);
      await tools.getByRole("button", { name: "Try tools" }).click();
      await expect(tools.getByRole("status")).toContainText(/^up in \d+ ms/);

      await page.getByRole("button", { name: "Discard" }).focus();
      await pressByTab(page.getByRole("button", { name: "Save 4 changes" }), "Shift+Tab");
      await expect(form).toContainText(`from ${join(theirs.folder, "resilience-lab.yaml")}`);
      await expect(tools.getByRole("textbox", { name: "Headers" })).toHaveValue(HEADER);
      expect(parse(readFileSync(join(theirs.folder, "resilience-lab.yaml"), "utf8"))).toEqual({
        services: {
          page: { "x-lab": { role: "agent", probe: { tcp: true }, port: 8000 } },
          store: {
            "x-lab": {
              role: "database",
              probe: { postgres: { user: "postgres", password: PASSWORD, database: "postgres" } },
              port: 5432,
            },
          },
          tools: {
            "x-lab": {
              role: "mcp-server",
              probe: { mcp: "/mcp" },
              endpoint: "/mcp",
              headers: { Authorization: `Bearer ${PASSWORD}` },
              port: 3001,
            },
          },
        },
        "x-lab": { links: [{ name: "worker->tools", port: 3001 }] },
      });
      await window.goTo("Lab");
      await expect(window.link("worker->tools")).toHaveCount(1);
    });

    await test.step("calls on its links are shown on the map while it is listened to, and nothing is left after", async () => {
      const link = window.link("mcp-gateway->tools");
      const ofLab = () => docker("ps", "-aq", "--filter", `label=resilience-lab.project=${project}`);
      await window.service("worker").focus();
      await pressByTab(page.getByRole("button", { name: "Listen", exact: true }));
      await expect(link).toHaveAccessibleName(/\d calls?, \d+ errors?/);
      expect(ofLab()).not.toBe("");
      await looksWell(page);
      const caller = docker("ps", "-q", "--filter", `name=${project}[_-]mcp-gateway`);
      docker("exec", caller, "node", "-e", "fetch('http://tools:3001/nothing')");
      await expect(link).toHaveAccessibleName(/[1-9] calls?, 1 error; last: GET \/nothing in .* \(HTTP 404\)/);
      await link.focus();
      await page.keyboard.press("Enter");
      await expect(page.getByRole("button", { name: "Break the link" })).toBeVisible();
      await page.keyboard.press("Enter");
      await pressByTab(page.getByRole("button", { name: "Stop listening" }));
      await expect(link).toHaveAccessibleName("link mcp-gateway->tools");
      await expect(page.getByRole("button", { name: "Listen", exact: true })).toBeEnabled();
      await expect.poll(ofLab).toBe("");
    });

    await test.step("a link that its files do not name is broken and restored", async () => {
      const link = window.link("mcp-gateway->tools");
      await window.clickOnLine(link);
      await page.getByRole("combobox", { name: "Fault" }).click();
      await page.getByRole("option", { name: "mcp_error", exact: true }).click();
      await page.getByRole("textbox", { name: "tool" }).fill("echo");
      await page.getByRole("textbox", { name: "for", exact: true }).fill("20m");
      await page.getByRole("button", { name: "Break the link" }).click();
      await expect(link).toHaveAccessibleName(/mcp_error in force/);
      await expect(page.getByText(/undone automatically in 19 min/)).toBeVisible();
      await page.getByRole("button", { name: "Restore mcp-gateway->tools" }).click();
      await expect(link).toHaveAccessibleName("link mcp-gateway->tools");
    });

    await window.service("tools").click();
    await page.getByRole("button", { name: "Stop tools" }).click();
    await expect(window.service("tools")).toHaveAccessibleName(/down/);
    // A probe may see it before the engine has taken note.
    await expect.poll(() => docker("ps", "-q", "--filter", `name=${project}[_-]tools`)).toBe("");

    await test.step("opening another stack restores this one first", async () => {
      await window.goTo("Stacks");
      await expect(row.getByText("Open", { exact: true })).toBeVisible();
      await page.getByRole("button", { name: "Open As processes" }).click();
      // In the header of every page: one that lost its connection meanwhile does not go to the map by itself.
      await expect(page.getByRole("link", { name: "Open stack: resilience-lab, processes" })).toBeVisible();
      await expect.poll(asFound).toBe(before);
    });
    await test.step("what was done is in the history", async () => {
      await window.goTo("History");
      await expect(page.getByRole("link", { name: "Manual session" }).first()).toBeVisible();
    });
  });

  test("is stopped and brought up again by the compose tool of the machine", async ({ window }) => {
    const { page } = window;
    await window.goTo("Stacks");
    const row = page.getByRole("listitem").filter({ has: page.getByRole("heading", { name: project }) });
    const bringUp = row.getByRole("button", { name: `Bring up ${project}` });
    await row.getByRole("button", { name: `Stop ${project}` }).click();
    await expect(bringUp).toHaveAccessibleDescription(`${project} is being stopped`);
    await expect(row).toContainText("0 of 6 running");
    await expect.poll(() => docker("ps", "-q", "--filter", `label=com.docker.compose.project=${project}`)).toBe("");
    await expect(row.getByRole("button", { name: `Open ${project}` })).toHaveAccessibleDescription(/bring it up first/);
    await bringUp.click();
    await expect(row).toContainText("5 of 6 running");
    await expect(row.getByRole("button", { name: `Open ${project}` })).toBeEnabled();
  });

  test("is open again at the next start, and as it was found after labs were killed while the map listened", async ({
    window,
    browserLab,
    page: tab,
  }) => {
    await window.goTo("Stacks");
    await tab.getByRole("button", { name: `Open ${project}` }).click();
    const before = theirs.state();
    await listens(window);
    await browserLab.kill();
    await expect.poll(() => theirs.state()).toBe(before);

    let next = await BrowserLab.start(browserLab.home);
    try {
      let again = await next.open(tab);
      await listens(again);
      await killWithWatchdog(next);
      // Without either it ends with the streams by which it was controlled.
      await expect.poll(() => theirs.state()).toBe(before);
      next = await BrowserLab.start(browserLab.home);
      again = await next.open(tab);
      await expect(again.service("tools")).toHaveAccessibleName(/running, up/);
      // What it still loads would be broken off.
      await again.isComplete();
      expect(theirs.state()).toBe(before);
    } finally {
      await next.stop();
    }
  });
});
