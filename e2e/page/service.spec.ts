import { expect } from "./lab-under-test.ts";
import { testOnRecordedLab as test } from "./shared-labs.ts";

test("a service's details and its output are followed, searched and kept free of secrets", async ({ window }) => {
  const { page } = window;
  await expect(window.service("gateway")).toHaveAccessibleName(/running, up/);
  await window.service("gateway").click();
  await page.getByRole("link", { name: "Logs and details of gateway" }).click();
  await expect(page.getByRole("heading", { name: "gateway", level: 1 })).toBeVisible();
  await expect(page.getByText(/[\d.]+ MiB/)).toBeVisible();
  await expect(page.getByText(/[\d.]+ % of a processor/)).toBeVisible();
  const logs = page.getByRole("log", { name: "Logs of gateway" });
  // What it printed before anyone looked.
  await expect(logs).toContainText("listening");

  await test.step("what it prints from now on follows, also of its next start", async () => {
    const before = await logs.locator("div").count();
    await window.goTo("Lab");
    await page.getByRole("button", { name: "Kill gateway" }).click();
    await expect(window.service("gateway")).toHaveAccessibleName(/down/);
    await page.getByRole("button", { name: "Restore gateway" }).click();
    await expect(window.service("gateway")).toHaveAccessibleName(/running, up/);
    await page.getByRole("link", { name: "Logs and details of gateway" }).click();
    await expect.poll(() => logs.locator("div").count()).toBeGreaterThan(before);
  });

  await test.step("a search narrows it, and says by how much", async () => {
    await page.getByRole("textbox", { name: "Search the logs" }).fill("listening");
    await expect(page.getByRole("status").filter({ hasText: /^\d+ of \d+ lines/ })).toBeVisible();
    for (const line of await logs.locator("div").allInnerTexts()) expect(line).toContain("listening");
    await page.getByRole("textbox", { name: "Search the logs" }).fill("no such text");
    await expect(page.getByText("No matches")).toBeVisible();
  });

  await page.goto(`${new URL(page.url()).origin}/#/service/nobody`);
  await expect(page.getByText("has no service nobody")).toBeVisible();
});

test("a call is sent once and every second, a prompt is sent to the agent, and what was done manually becomes a scenario that repeats it", async ({
  window,
}) => {
  const { page } = window;
  await expect(window.service("gateway")).toHaveAccessibleName(/running, up/);
  const send = page.getByRole("region", { name: "Send a call" });
  const answer = send.getByRole("status");
  const choose = async (tool: string) => {
    await send.getByRole("combobox", { name: "Tool" }).click();
    await page.getByRole("option", { name: tool, exact: true }).click();
  };

  await test.step("outside a session it is only answered", async () => {
    await window.service("gateway").click();
    await page.getByRole("link", { name: "Logs and details of gateway" }).click();
    await expect(send.getByRole("button", { name: "Call", exact: true })).toHaveAccessibleDescription("Choose a tool");
    await choose("lookup_charge");
    const call = send.getByRole("button", { name: "Call", exact: true });
    const charge = send.getByRole("textbox", { name: "charge_id" });
    await expect(charge).toHaveAccessibleDescription("for example ch_1001");
    await expect(call).toHaveAccessibleDescription("charge_id: Required");
    // The form and the JSON are two views of the same arguments.
    await charge.fill("ch_1001");
    const isJson = send.getByRole("switch", { name: "Arguments as JSON" });
    await isJson.click();
    const json = send.getByRole("textbox", { name: "Arguments" });
    await expect(json).toHaveValue(/"charge_id": "ch_1001"/);
    await json.fill("[");
    await expect(call).toHaveAccessibleDescription(/not a JSON object/);
    await expect(isJson).toBeDisabled();
    await json.fill('{ "charge_id": "ch_1002", "note": 5 }');
    await isJson.click();
    await expect(charge).toHaveValue("ch_1002");
    await expect(send.getByText("Expected text", { exact: true })).toBeVisible();
    await send.getByRole("textbox", { name: "note" }).fill("seen");
    await call.click();
    await expect(answer).toContainText(/^ok lookup_charge in .*ch_1002/s);
    await choose("create_refund");
    await send.getByRole("textbox", { name: "amount" }).fill("1.5");
    await expect(send.getByText("Expected a whole number", { exact: true })).toBeVisible();
    await send.getByRole("combobox", { name: "reason" }).click();
    await expect(page.getByRole("option", { name: "duplicate", exact: true })).toBeVisible();
    await page.keyboard.press("Escape");
    await choose("list_recent_charges");
    await send.getByRole("button", { name: "Call", exact: true }).click();
    await expect(answer).toContainText(/^ok list_recent_charges in /);
    await expect(answer).not.toContainText("recorded");
  });

  await test.step("while something is broken manually it is part of the session", async () => {
    await window.goTo("Lab");
    await window.clickOnLine(window.link("gateway->payments-mcp"));
    await page.getByRole("combobox", { name: "Fault" }).click();
    await page.getByRole("option", { name: "latency", exact: true }).click();
    await page.getByRole("textbox", { name: "by" }).fill("300ms");
    await page.getByRole("button", { name: "Break the link" }).click();
    await expect(window.link("gateway->payments-mcp")).toHaveAccessibleName(/latency in force/);
    await page.goto(`${new URL(page.url()).origin}/#/service/gateway`);
    await choose("list_recent_charges");
    await send.getByRole("switch", { name: "Every second" }).click();
    await expect
      .poll(() =>
        send
          .getByRole("list", { name: /^How the last/ })
          .getByRole("listitem")
          .count(),
      )
      .toBeGreaterThan(1);
    // It goes on beside the map, where it can be seen what breaking something does.
    await window.goTo("Lab");
    const steady = page.getByRole("region", { name: "Steady traffic" });
    await expect(steady.getByRole("list", { name: /^How the last/ }).getByRole("listitem")).not.toHaveCount(0);
    await page.goto(`${new URL(page.url()).origin}/#/service/gateway`);
    await expect(send.getByRole("switch", { name: "Every second" })).toBeChecked();
    await window.goTo("Lab");
    await steady.getByRole("button", { name: "Stop sending" }).click();
    await expect(steady).toHaveCount(0);
    await page.goto(`${new URL(page.url()).origin}/#/service/agent`);
    const ask = page.getByRole("region", { name: "Send a prompt" });
    await expect(ask.getByRole("button", { name: "Ask" })).toHaveAccessibleDescription("Enter a prompt");
    await ask.getByRole("textbox", { name: "Prompt" }).fill("Show me my recent charges.");
    await ask.getByRole("button", { name: "Ask" }).click();
    await expect(ask.getByRole("status")).toContainText(/^answered prompt in .*charges/);
    await ask.getByRole("link", { name: "the manual session" }).click();
    await expect(page.getByRole("heading", { name: "Manual session", level: 1 })).toBeVisible();
    await expect(page.getByRole("button", { name: "Save as a scenario" })).toHaveAccessibleDescription(/in progress/);
    await page.getByRole("button", { name: /^Undo all/ }).click();
  });

  await page.getByRole("button", { name: "Save as a scenario" }).click();
  const text = page.getByRole("textbox", { name: "Scenario YAML" });
  await expect(text).toContainText("latency: gateway->payments-mcp");
  for (const part of [
    "service: payments-mcp",
    "by: 300ms",
    "call: list_recent_charges",
    "is: ok",
    "agent: Show me my recent charges.",
    "undo: all",
  ])
    await expect(text).toContainText(part);
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByRole("button", { name: "Run", exact: true }).click();
  await window.run.isShown("What was done manually");
  await window.run.hasEnded("Passed");
});
