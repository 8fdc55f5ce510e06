import { randomInt, randomUUID } from "node:crypto";
import type { Page } from "@playwright/test";
import { ComposeProject } from "../../electron/testing/compose-project.ts";
import { publicProjects } from "../../electron/testing/public-projects.ts";
import { expect, test } from "../page/lab-under-test.ts";
import type { LabWindow } from "../page/lab-window.ts";

/** Compose projects of public programs, none of which knows of the lab, as a person would break them in one window. */
test("public compose projects are opened, taken for what they are, broken, recorded and restored", async ({
  window,
}) => {
  const { page } = window;
  // One after the other, in one window.
  test.setTimeout(900_000);
  const all = publicProjects(`10.${randomInt(100, 250)}.${randomInt(0, 250)}`);
  const chosen = process.env.PUBLIC_PROJECTS === "all" ? all : all.filter(({ isForSoak }) => !isForSoak);
  for (const { name, compose, files, up, roles, link, breaks, passes } of chosen) {
    await test.step(name, async () => {
      const project = new ComposeProject(`labpublic${randomUUID().slice(0, 8)}`, compose, up, files);
      try {
        const [caller = ""] = link.name.split("->");
        const status = () => project.statuses(caller, [link.url])[0];
        await expect.poll(status).toEqual(expect.any(Number));
        const healthy = status();
        const before = { link: project.stateAfter("link"), service: project.stateAfter("service") };

        await window.goTo("Stacks");
        const row = page.getByRole("listitem").filter({ has: page.getByRole("heading", { name: project.name }) });
        await row.getByRole("button", { name: `Open ${project.name}` }).click();
        await expect(window.service(breaks.service)).toHaveAccessibleName(/running, up/);
        await window.goTo("Stacks");
        await row.getByRole("link", { name: "Services and links" }).click();
        expect(await rolesShown(page, Object.keys(roles))).toEqual(roles);
        await window.goTo("Lab");

        await breakLink(window, link.name);
        // On the map from when it is journaled, a moment before it is applied.
        await expect.poll(status).toEqual(expect.any(String));
        await page.getByRole("button", { name: `Restore ${link.name}` }).click();
        await expect(window.link(link.name)).toHaveAccessibleName(`link ${link.name}`);
        await expect.poll(status).toBe(healthy);
        await expect.poll(() => project.stateAfter("link")).toEqual(before.link);

        if (passes !== undefined) {
          await window.runToEnd(passes, "Passed");
          await expect.poll(() => project.stateAfter("service")).toEqual(before.service);
          await window.goTo("Lab");
        }

        const service = window.service(breaks.service);
        await service.click();
        if (breaks.replicas !== undefined) {
          await expect(service).toHaveAccessibleName(/2 of 2 containers run/);
          await page.getByRole("combobox", { name: "Containers" }).click();
          await page.getByRole("option", { name: `${capital(breaks.replicas)} containers` }).click();
        }
        await page.getByRole("button", { name: `${capital(breaks.kind)} ${breaks.service}` }).click();
        const broken = breaks.replicas === undefined ? /down/ : /1 of 2 containers run/;
        await expect(service).toHaveAccessibleName(broken);
        await page.getByRole("button", { name: `Restore ${breaks.service}` }).click();
        await expect(service).toHaveAccessibleName(/running, up/);
        await expect.poll(() => project.stateAfter("service")).toEqual(before.service);

        for (const [at, target] of [breaks.service, link.name].entries()) {
          await window.goTo("History");
          await page.getByRole("link", { name: "Manual session" }).nth(at).click();
          await window.run.tab("Events");
          await expect(page.getByRole("button", { name: `restored: ${target}` }).first()).toBeVisible();
        }
      } finally {
        project.down();
      }
    });
  }
});

async function breakLink(window: LabWindow, name: string): Promise<void> {
  const { page } = window;
  await window.clickOnLine(window.link(name));
  await page.getByRole("combobox", { name: "Fault" }).click();
  await page.getByRole("option", { name: "down", exact: true }).click();
  await page.getByRole("button", { name: "Break the link" }).click();
  await expect(window.link(name)).toHaveAccessibleName(/down in force/);
}

async function rolesShown(page: Page, services: readonly string[]): Promise<Record<string, string>> {
  const shown: Record<string, string> = {};
  for (const service of services) {
    const row = page.getByRole("listitem", { name: service, exact: true });
    shown[service] = await row.getByRole("combobox", { name: "Role" }).inputValue();
  }
  return shown;
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
