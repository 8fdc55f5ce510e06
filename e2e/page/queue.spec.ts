import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { labProgram } from "../../electron/testing/lab-program.ts";
import { isAccessible } from "./accessible.ts";
import { BrowserLab, expect, test } from "./lab-under-test.ts";

const HELM = join(import.meta.dirname, "..", "..", "electron", "lab", "evaluation", "testing", "traces", "helm.json");
const HEAD = "patterns: []\nsteadyState: [{ service: gateway, is: up }]\n";
const UP = "[{ service: gateway, is: up }]";
const QUICK = `id: quick\ntitle: A quick look for jane.doe@example.com\n${HEAD}method: [{ probe: gateway, is: up }]\nexpect: ${UP}\n`;
const LONG = `id: long\ntitle: A long outage\n${HEAD}method: [{ fault: { stop: mock-slack } }, { wait: 10m }]\nexpect: ${UP}\n`;

test.use({
  prepared: async ({ home }, use) => {
    mkdirSync(join(home, "scenarios"), { recursive: true });
    writeFileSync(join(home, "scenarios", "long.yaml"), LONG);
    writeFileSync(join(home, "quick.yaml"), QUICK);
    await use(undefined);
  },
});

/** `resilience-lab ARGS` on the lab's data folder. */
function inTerminal(home: string, ...args: string[]) {
  const child: ChildProcess = spawn(process.execPath, [labProgram("launch"), ...args], {
    env: { ...process.env, RESILIENCE_LAB_HOME: home },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const text = { out: "", err: "" };
  child.stdout?.on("data", (chunk) => (text.out += chunk));
  child.stderr?.on("data", (chunk) => (text.err += chunk));
  const ended = once(child, "exit").then(([code]) => ({ code: code as number, ...text }));
  return { ended, said: () => text.out, interrupt: () => child.kill("SIGINT") };
}

test("terminals run in the open lab; what waits says why, is kept when the lab is killed, and both attempts are shown", async ({
  window,
  browserLab,
  home,
  page,
}) => {
  test.slow();
  const runLong = page.getByRole("button", { name: "Run A long outage", exact: true });
  const inQueue = (name: RegExp) => page.getByRole("main").getByRole("link", { name });

  await test.step("a command runs in the window's lab, with its report and exit code; the queue has none of its secrets", async () => {
    const { code, out, err } = await inTerminal(home, "run", join(home, "quick.yaml"), "--reporter", "json").ended;
    expect(err).toContain("running in the lab that is open");
    const [run] = (JSON.parse(out) as { runs: { id: string; outcome: string }[] }).runs;
    expect([code, run?.outcome]).toEqual([0, "passed"]);
    await window.openAddress("#/queue");
    await inQueue(/^A quick look for \[redacted: email 1\] Passed the open stack/).click();
    const results = page.getByRole("region", { name: "Run", exact: true });
    await expect(results.getByRole("row", { name: /quick#1 outcome passed/ })).toBeVisible();
    await results.getByRole("link", { name: /^A quick look/ }).click();
    await expect(page).toHaveURL(new RegExp(`#/run/${run?.id}`));
  });

  await test.step("Ctrl-C cancels the command's run alone: what a person has started meanwhile goes on", async () => {
    const command = inTerminal(home, "run", join(home, "scenarios", "long.yaml"));
    await expect(window.nowRunning).toContainText("A long outage");
    await window.goTo("Lab");
    await expect(page.getByText("from a terminal")).toBeVisible();
    await runLong.click();
    await expect(page.getByRole("region", { name: "Running" }).getByText("waiting")).toBeVisible();
    await window.openAddress("#/queue");
    await expect(inQueue(/A long outage Waiting .* Waits: the stack is taken: A long outage is running/)).toBeVisible();
    await expect(inQueue(/attempt 1 of 1 by this lab, lease for/)).toBeVisible();
    await isAccessible(page);
    command.interrupt();
    expect((await command.ended).code).toBe(130);
    await expect(inQueue(/A long outage Running .* attempt 1 of 3 by this lab, lease for/)).toBeVisible();
  });

  await test.step("a run waits while a manual fault is in force, and says so; undone, it begins", async () => {
    await page.getByRole("button", { name: "Cancel A long outage" }).press("Enter");
    await window.nothingRuns();
    await window.goTo("Lab");
    await window.service("payments-mcp").click();
    await page.getByRole("button", { name: "Stop payments-mcp" }).click();
    await expect(window.service("payments-mcp")).toHaveAccessibleName(/stopped, down/);
    await runLong.click();
    await expect(window.nowRunning).toContainText("waits: a fault is in force on payments-mcp");
    await expect(
      page.getByRole("status").filter({ hasText: "Waits: a fault is in force on payments-mcp." }),
    ).toBeVisible();
    await isAccessible(page);
    const command = inTerminal(home, "run", join(home, "quick.yaml"));
    await expect.poll(command.said).toContain("quick waits: a fault is in force on payments-mcp");
    command.interrupt();
    expect((await command.ended).code).toBe(130);
    await page.getByRole("button", { name: "Undo the manual faults" }).press("Enter");
    await expect(page).toHaveURL(/#\/run\//);
    await window.openAddress("#/queue");
  });

  await test.step("an evaluation is submitted to a worker with labels; it is cancelled, and repeated", async () => {
    await page.getByRole("button", { name: "Submit a run" }).press("Enter");
    const form = page.getByRole("dialog", { name: "Submit a run" });
    await form.getByText("Evaluation of traces").click();
    const submit = form.getByRole("button", { name: "Submit" });
    await expect(submit).toHaveAccessibleDescription("Choose a trace file");
    const choosing = page.waitForEvent("filechooser");
    await form.getByRole("button", { name: "Choose a trace file" }).press("Enter");
    await (await choosing).setFiles(HELM);
    await expect(submit).toHaveAccessibleDescription("tool_trajectory_avg_score needs an eval set: choose one");
    await form.getByRole("checkbox", { name: "tool_trajectory_avg_score" }).uncheck();
    await form.getByRole("checkbox", { name: "tool_calls" }).check();
    await form.getByRole("textbox", { name: "Threshold of tool_calls" }).fill("5");
    await form.getByRole("textbox", { name: "Labels that its worker must have" }).fill("eu");
    await isAccessible(page);
    await submit.press("Enter");
    const evaluation = /^Evaluation: tool_calls/;
    await expect(
      inQueue(/Evaluation: tool_calls Waiting traces in the request .* Waits: no worker is running/),
    ).toBeVisible();
    const shown = page.getByRole("region", { name: "Run", exact: true });
    await expect(shown.getByText("Start one: resilience-lab worker --labels eu")).toBeVisible();
    await shown.getByRole("button", { name: "Cancel Evaluation: tool_calls" }).press("Enter");
    await expect(inQueue(/^Evaluation: tool_calls Cancelled/)).toBeVisible();
    await shown.getByRole("button", { name: "Repeat Evaluation: tool_calls" }).press("Enter");
    await expect(inQueue(evaluation)).toHaveCount(2);
  });

  await test.step("a command whose lab is killed says so", async () => {
    const command = inTerminal(home, "run", join(home, "quick.yaml"));
    await expect(inQueue(/A quick look .* Waiting/)).toBeVisible();
    await browserLab.kill();
    const { code, out } = await command.ended;
    expect(out).toContain("the lab that quick ran in has ended");
    expect(code).toBe(1);
  });

  await test.step("opened again, the lab runs what waited when a person says so: a second attempt, beside the first", async () => {
    const again = await BrowserLab.start(home);
    try {
      const { page: later } = await again.open(await page.context().newPage());
      await expect(later.getByText("1 run waited when the lab was closed.")).toBeVisible();
      await later.getByRole("button", { name: "Continue it" }).click();
      await later.goto(`${again.origin}/#/queue`);
      await later.getByRole("link", { name: /A long outage Running .* attempt 2 of 3/ }).click();
      const shown = later.getByRole("region", { name: "Run", exact: true });
      await expect(shown.getByRole("row", { name: /^Ended Given back Running/ })).toBeVisible();
      await expect(
        shown.getByRole("row", { name: /^In the history A long outage Interrupted .* A long outage Running/ }),
      ).toBeVisible();
      await isAccessible(later);
      await shown.getByRole("button", { name: "Cancel A long outage" }).press("Enter");
      await expect(shown.getByRole("row", { name: /^Ended Given back Cancelled/ })).toBeVisible();
      await expect(shown.getByRole("link", { name: "Compare the last two attempts on one time axis" })).toBeVisible();
      await shown.getByRole("link", { name: "A long outage" }).first().click();
      await later.getByRole("link", { name: "attempt 1 of 2" }).click();
      await expect(shown.getByRole("heading", { name: "Attempts side by side" })).toBeVisible();
    } finally {
      await again.stop();
    }
  });
});
