// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables as a person writes them
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { GATEWAY_TOKEN, gatewayServer } from "../../electron/testing/gateway-server.ts";
import { isAccessible } from "./accessible.ts";
import { BrowserLab, expect, test } from "./lab-under-test.ts";
import type { LabWindow } from "./lab-window.ts";

test("a gateway is opened by its address, broken by its link, and found again at the next start", async ({
  home,
  page,
}) => {
  const gateway = await gatewayServer();
  const start = () => BrowserLab.start(home, { GATEWAY_TOKEN, DOCKER_HOST: "unix:///nowhere.sock" });
  let lab = await start();
  let window = await lab.open(page);
  try {
    await test.step("its address is asked for, with the names of variables alone", async () => {
      await window.goTo("Stacks");
      const connect = page.getByRole("button", { name: "Connect to the gateway" });
      await page.getByRole("textbox", { name: "Address" }).fill(gateway.url);
      const headers = page.getByRole("textbox", { name: "Headers, one in a line" });
      await headers.fill("Authorization=Bearer abc");
      await expect(connect).toHaveAccessibleDescription(/Authorization: expected a variable of the environment/);
      await headers.fill("Authorization=Bearer ${NOT_SET}");
      await connect.click();
      await expect(page.getByText("needs the variable NOT_SET, which is not set")).toBeVisible();
      await headers.fill("Authorization=Bearer ${GATEWAY_TOKEN}");
      await connect.click();
    });

    await test.step("it is called and not stopped; who uses the local address meets the faults of its link", async () => {
      await expect(window.service("gateway")).toHaveAccessibleName(/running, up/);
      await expect(page.getByRole("link", { name: /^Open stack: .*, by address$/ })).toBeVisible();
      await expect(page.getByRole("heading", { name: /^No scenario fits .* yet$/ })).toBeVisible();
      await window.service("gateway").click();
      await expect(page.getByText("It runs elsewhere: it is broken by its link")).toBeVisible();
      await expect(page.getByRole("button", { name: "Stop gateway" })).toHaveCount(0);
      await breakLink(window);
      const local = (await page.locator("code").filter({ hasText: "/team/mcp" }).first().textContent()) ?? "";
      expect(local).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/team\/mcp$/);
      expect((await fetch(local, { method: "POST" })).status).toBe(503);
    });

    await test.step("calls of the lab pass the link, too, and are part of the manual session", async () => {
      await page.goto(`${window.origin}/#/service/gateway`);
      const send = page.getByRole("region", { name: "Send a call" });
      await expect(send.getByRole("alert")).toContainText("answers HTTP 503");
      await page.getByRole("button", { name: /^Undo all/ }).click();
      await expect(page.getByRole("button", { name: /^Undo all/ })).toHaveAttribute("aria-disabled", "true");
      await send.getByRole("button", { name: "List the tools again" }).click();
      await send.getByRole("combobox", { name: "Tool" }).click();
      await page.getByRole("option", { name: "greet" }).click();
      await send.getByRole("textbox", { name: "name" }).fill("you");
      await send.getByRole("button", { name: "Call", exact: true }).click();
      await expect(send.getByRole("status")).toContainText("hello you");
    });

    await isAccessible(page);
    await window.goTo("Stacks");
    await expect(page.getByRole("heading", { name: gateway.url })).toBeVisible();
    await isAccessible(page);
    await lab.stop();
    expect(holding(home, GATEWAY_TOKEN)).toEqual([]);
    lab = await start();
    window = await lab.open(page);
    await expect(page.getByRole("link", { name: /^Open stack: .*, by address$/ })).toBeVisible();
    await expect(window.service("gateway")).toHaveAccessibleName(/running, up/);

    await test.step("another stack takes its place, and it can be removed from the list", async () => {
      await window.goTo("Stacks");
      await page.getByRole("button", { name: "Open As processes" }).click();
      await expect(page.getByRole("link", { name: "Open stack: resilience-lab, processes" })).toBeVisible();
      await window.goTo("Stacks");
      await page.getByRole("button", { name: `Remove ${gateway.url} from the list` }).click();
      await expect(page.getByRole("button", { name: `Connect ${gateway.url}` })).toHaveCount(0);
    });
  } finally {
    await lab.stop();
    gateway.close();
  }
});

test("compose files that the lab is started with are listed with their state, also at later starts", async ({
  home,
  page,
}) => {
  const folder = join(home, "..", `shop-${process.pid}`);
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "compose.yaml");
  writeFileSync(file, "services: { web: { image: web }, api: { image: api } }\n");
  const environment = { DOCKER_HOST: "unix:///nowhere.sock" };
  let lab = await BrowserLab.start(home, environment, 0, [file]);
  try {
    let window = await lab.open(page);
    await window.goTo("Stacks");
    const row = page.getByRole("listitem").filter({ hasText: file });
    await expect(row.getByRole("heading", { name: `shop-${process.pid}` })).toBeVisible();
    await expect(row).toContainText("not up");
    await expect(row).toContainText("api");
    await expect(row.getByRole("button", { name: `Open shop-${process.pid}` })).toHaveAccessibleDescription(
      "Nothing of it runs: bring it up first",
    );
    await expect(page.getByRole("button", { name: "Open a compose file" })).toHaveAccessibleDescription(
      /npm start -- --stack FILE/,
    );
    await lab.stop();
    rmSync(folder, { recursive: true });

    lab = await BrowserLab.start(home, environment);
    window = await lab.open(page);
    await window.goTo("Stacks");
    await expect(row).toContainText("The file is gone");
    await row.getByRole("button", { name: `Remove ${file} from the list` }).click();
    await expect(row).toHaveCount(0);
  } finally {
    await lab.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});

/** Has each request on the link to the gateway answered with 503. */
async function breakLink(window: LabWindow): Promise<void> {
  const { page } = window;
  await window.clickOnLine(window.link("client->gateway"));
  await page.getByRole("combobox", { name: "Fault" }).click();
  await page.getByRole("option", { name: "http_status", exact: true }).click();
  await page.getByRole("textbox", { name: "status" }).fill("503");
  await page.getByRole("button", { name: "Break the link" }).click();
  await expect(window.link("client->gateway")).toHaveAccessibleName(/http_status in force/);
}

/** The files of a folder that have this text in them. */
function holding(folder: string, text: string): string[] {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((each) => each.isFile());
  return files.map((each) => join(each.parentPath, each.name)).filter((file) => readFileSync(file).includes(text));
}
