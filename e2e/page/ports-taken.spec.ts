import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { PROJECT } from "../desktop/shell-under-test.ts";
import { expect, test } from "./lab-under-test.ts";

const CRASH = "The MCP server crashes and the tool stays visible";

/** The host port of a service that no other spec stops: one that another lab has left for a moment is not to be taken. */
function agentPort(): number {
  const text = readFileSync(join(PROJECT, "resources", "stack", "compose.yaml"), "utf8");
  return Number(/127\.0\.0\.1:\$\{AGENT_PORT:-(\d+)\}/.exec(text)?.[1]);
}

test("ports that are in use are reported once, with a button that uses free ones", async ({ window }) => {
  const { page } = window;
  const server = createServer().listen({ host: "127.0.0.1", port: agentPort(), exclusive: true });
  // Another test on this machine may have it: then it is in use as well.
  await new Promise((resolve) => server.once("listening", resolve).once("error", resolve));
  try {
    await window.openAddress("#/settings");
    await page.getByText("From the stack file").click();
    await expect(page.getByRole("radio", { name: "From the stack file" })).toBeChecked();
    await window.goTo("Lab");
    const error = page.getByText(/already in use on 127\.0\.0\.1/);
    await window
      .card(CRASH)
      .getByRole("button", { name: `Run ${CRASH}`, exact: true })
      .click();
    await expect(error).toHaveCount(1);
    await expect(window.card(CRASH)).toContainText("Not started: the stack could not be brought up");
    await expect(page.locator("body")).not.toContainText("--ports");
    await page.getByRole("button", { name: "Bring up" }).click();
    await expect(page.getByRole("button", { name: "Bring up" })).not.toHaveAttribute("aria-disabled");
    await expect(error).toHaveCount(1);
    await page.getByRole("button", { name: "Use free ports" }).click();
    await expect(page.getByRole("button", { name: "Take down" })).toBeVisible();
    await expect(error).toHaveCount(0);
  } finally {
    server.close();
  }
});
