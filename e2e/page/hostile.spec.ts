import { join } from "node:path";
import { WebSocket } from "ws";
import { forgeZip } from "../../electron/lab/bundles/testing/forge-zip.ts";
import type { LabEvent } from "../../electron/model/lab-event.ts";
import { storeRun } from "../../electron/testing/stored-events.ts";
import { longRun } from "../../renderer/timeline/fixtures/recorded-runs.ts";
import { expect, test } from "./lab-under-test.ts";
import { ownScenarios } from "./own-scenarios.ts";
import { testOnRecordedLab, testOnSharedLab } from "./shared-labs.ts";

const LONG_RUN_ID = "0f0f0f0f-0000-4000-8000-000000100000";
const LONG = 100_000;

test.describe("hostile", () => {
  testOnSharedLab("nothing navigates the window away from the lab", async ({ window, context }) => {
    const { page } = window;
    const opened: string[] = [];
    context.on("page", (popup) => opened.push(popup.url()));
    for (const hash of ["#/run/javascript:alert(1)", "#//evil.example/", "#/compare/<img>/<img>", "#/%00"]) {
      await window.openAddress(hash);
      await window.isOpen();
    }
    // A dropped file is never opened as a page.
    const data = await page.evaluateHandle(() => {
      const transfer = new DataTransfer();
      transfer.items.add(new File(["<script>window.pwned = 1</script>"], "page.html", { type: "text/html" }));
      return transfer;
    });
    for (const type of ["dragenter", "dragover", "drop"])
      await page.dispatchEvent("body", type, { dataTransfer: data });
    await expect(page.getByRole("alert").filter({ hasText: "page.html" })).toBeVisible();
    expect(new URL(page.url()).origin).toBe(window.origin);
    expect(opened).toEqual([]);
    expect(await page.evaluate(() => "pwned" in globalThis)).toBe(false);
  });

  test.describe("markup in a tool's arguments and answer", () => {
    const markup = `<img src=x onerror="window.pwned = 1"><script>window.pwned = 1</script>`;
    testOnRecordedLab.use({
      prepared: ownScenarios({
        "markup.yaml": `id: markup
title: ${JSON.stringify(`Markup ${markup}`)}
summary: ${JSON.stringify(markup)}
patterns: [${JSON.stringify(markup)}]
steadyState:
  - { service: gateway, is: up }
method:
  - call: lookup_charge
    arguments: { charge_id: ${JSON.stringify(markup)} }
expect:
  - mustInclude: [lookup_charge]
`,
      }),
    });

    testOnRecordedLab("is shown as text and not executed", async ({ window }) => {
      const { page, run } = window;
      await window.runToEnd(`Markup ${markup}`, "Passed");
      await run.tab("Tool calls");
      await page.getByRole("button", { name: /lookup_charge/ }).click();
      await expect(run.inspector).toContainText("onerror=");
      await run.tab("Events");
      await page.getByRole("textbox", { name: /Search the events/ }).fill("onerror");
      await expect(page.getByRole("region", { name: "Events" })).toContainText("lookup_charge");
      for (const place of ["History", "Scenarios", "Lab"] as const) {
        await window.goTo(place);
        await expect(page.getByText("Markup <img").first()).toBeVisible();
      }
      expect(await page.evaluate(() => "pwned" in globalThis)).toBe(false);
      expect(await page.locator("main img[src=x]").count()).toBe(0);
    });
  });

  testOnSharedLab(
    "a page of another origin has no access by socket, fetch or frame",
    async ({ browserLab: lab, window, context }) => {
      const cookie = (await context.cookies()).map(({ name, value }) => `${name}=${value}`).join("; ");
      const open = (headers: Record<string, string>) =>
        new Promise<string>((resolve) => {
          const socket = new WebSocket(`${lab.origin.replace("http", "ws")}/lab`, { headers });
          socket.once("open", () => resolve("open"));
          socket.once("unexpected-response", (_request, response) => resolve(String(response.statusCode)));
          socket.once("error", (error) => resolve(error.message));
        });
      expect(await open({ cookie, origin: lab.origin })).toBe("open");
      for (const origin of [
        "http://evil.example",
        "null",
        `http://127.0.0.1:${lab.port + 1}`,
        `http://localhost:${lab.port}`,
      ]) {
        expect(await open({ cookie, origin }), origin).not.toBe("open");
      }
      expect(await open({ origin: lab.origin }), "without the cookie").not.toBe("open");
      expect(await open({ cookie, origin: lab.origin, host: "evil.example" }), "under another name").not.toBe("open");

      const foreign = await context.newPage();
      await foreign.route("http://evil.example/**", (route) =>
        route.fulfill({ contentType: "text/html", body: `<iframe src="${lab.origin}/"></iframe>` }),
      );
      await foreign.goto("http://evil.example/");
      await expect(foreign.frameLocator("iframe").getByRole("navigation", { name: "Pages" })).toHaveCount(0);
      await foreign.close();
      await window.isOpen();
    },
  );

  testOnSharedLab(
    "a bundle with paths outside of it is refused, and nothing of it is kept",
    async ({ window, home }) => {
      const { page } = window;
      const file = join(home, "evil.zip");
      const manifest = { path: "manifest.json", bytes: Buffer.from("{}") };
      forgeZip(file, [manifest, { path: "../../../../tmp/pwned", bytes: Buffer.from("pwned") }]);
      await window.goTo("History");
      const choosing = page.waitForEvent("filechooser");
      await page.getByRole("button", { name: "Import" }).click();
      await (await choosing).setFiles(file);
      const dialog = page.getByRole("dialog", { name: "Import" });
      await expect(dialog.getByRole("alert")).toContainText("evil.zip");
      await dialog.getByRole("button", { name: "Close" }).last().click();
      await expect(page.locator('a[href^="#/run/"]')).toHaveCount(0);
    },
  );

  test.describe("a run of a hundred thousand events", () => {
    test.use({
      prepared: async ({ home }, use) => {
        const events = longRun(LONG - 1).map((event) => ({ ...event, runId: LONG_RUN_ID }));
        const last = events.at(-1);
        if (last === undefined) throw new Error("the run is empty");
        const { seq, atMs, wallMs } = last;
        const end: LabEvent = {
          type: "run.ended",
          runId: LONG_RUN_ID,
          seq: seq + 1,
          atMs: atMs + 1,
          wallMs: wallMs + 1,
          outcome: "passed",
          reason: "it ended",
        };
        const run = {
          id: LONG_RUN_ID,
          scenarioId: "retry-storm",
          scenarioTitle: "A very long run",
          scenarioSource: "id: retry-storm\n",
          driver: "process",
          without: [],
          startedWallMs: Date.now(),
        };
        await storeRun(join(home, "history.db"), run, [...events, end]);
        await use(undefined);
      },
    });

    test("is shown in full, with as many elements as a short one, and can be searched and scrubbed", async ({
      window,
    }) => {
      const { page, run } = window;
      await window.openAddress(`#/run/${LONG_RUN_ID}`);
      await expect(run.timeline).toBeVisible();
      await run.hasEnded("Passed");
      await run.tab("Events");
      await expect(page.getByText("100,000 events")).toBeVisible();
      expect(await page.locator("*").count()).toBeLessThan(1_500);
      await run.scrubTo(0.5);
      await expect(run.moment).toContainText("At");
      await expect(page.getByText(/^(49|50),\d{3} events$/)).toBeVisible();
      await page.keyboard.press("f");
      await page.getByRole("textbox", { name: /Search the events/ }).fill("call-99998");
      await expect(page.getByText("1 event", { exact: true })).toBeVisible();
      await run.tab("Tool calls");
      await expect(page.getByRole("tab", { name: /Tool calls \(66,?\d{3}\)/ })).toBeVisible();
    });
  });
});
