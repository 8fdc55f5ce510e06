import type { WebSocketRoute } from "@playwright/test";
import { BrowserLab, expect, test } from "./lab-under-test.ts";
import { LabWindow } from "./lab-window.ts";
import { testOnRecordedLab } from "./shared-labs.ts";

const TIMEOUT = "An approval expires while Slack is down";

testOnRecordedLab(
  "the socket is closed during a run: the page reports it, reconnects and misses nothing",
  async ({ browserLab: lab, page }) => {
    const sockets: WebSocketRoute[] = [];
    let isOut = false;
    await page.routeWebSocket(/\/lab$/, (socket) => {
      if (isOut) return void socket.close();
      socket.connectToServer();
      sockets.push(socket);
    });
    const window = await lab.open(page);
    await window.isOpen();
    await window.start(TIMEOUT);
    await expect(window.run.health("mock-slack")).toHaveAttribute("data-status", "down");

    isOut = true;
    for (const socket of sockets.splice(0)) await socket.close();
    await expect(window.banner).toBeVisible();
    await expect(window.banner).toContainText("runs continue without this window");

    isOut = false;
    await expect(window.banner).toBeHidden();
    await window.run.hasEnded("Passed");
    await window.run.tab("Tool calls");
    await expect(page.getByRole("tab", { name: "Tool calls (2)" })).toBeVisible();
  },
);

test("the lab is killed and restarted: the page reconnects, and the run is shown as interrupted", async ({
  browserLab: lab,
  page,
}) => {
  const window = new LabWindow(page, lab.origin);
  await page.goto(lab.address);
  await window.isOpen();
  await window.start(TIMEOUT);
  await expect(window.run.health("mock-slack")).toHaveAttribute("data-status", "down");
  await lab.kill();
  await test.step("nothing is shown as live", async () => {
    await expect(window.banner).toContainText("The lab has ended");
    await expect(window.banner).toContainText("npm start");
    await expect(window.run.moment).toContainText("Last known at");
    await expect(window.run.header.getByText("Unknown", { exact: true })).toBeVisible();
    await expect(window.nowRunning).toContainText("the lab has ended");
    await expect(window.nowRunning.getByRole("button", { name: "Cancel" })).toHaveAttribute("aria-disabled", "true");
  });
  const again = await BrowserLab.start(lab.home, {}, lab.port);
  try {
    // A restarted lab knows no sessions: the page asks to be opened from the new address.
    await expect(window.banner).toContainText("open the address that the lab printed");
    await page.goto(again.address);
    await window.isOpen();
    await window
      .card(TIMEOUT)
      .getByRole("link", { name: /^Interrupted/ })
      .click();
    await window.run.hasEnded("Interrupted");
  } finally {
    await again.stop();
  }
});
