import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { labProgram } from "../../../../testing/lab-program.ts";
import { temporaryFolder } from "../../../../testing/temporary-folder.ts";
import { LabProcess } from "../testing/lab-process.ts";
import { type LinkedProject, sharedProject, TWO_SERVICES } from "../testing/linked-project.ts";
import { describeOnDocker } from "../testing/on-docker.ts";

const KILLABLE_LAB = labProgram("killable-lab");
const LINK = "caller->tools";
/** As the killable lab knows them: each side of what is done to the link. Before and after it, the soak. */
const MOMENTS = ["after the write", "amid the apply", "after the apply", "amid the undo"].map((moment, index) => ({
  moment,
  watchdogToo: index % 2 === 0,
}));
const MORE_MOMENTS = ["before the write", "after the undo"].map((moment) => ({ moment, watchdogToo: true }));
/** From the moment at which the lab is attached to well after its run has ended. */
const LATEST_MS = 3_000;
const { SIDECAR_KILLS: COUNT, SIDECAR_KILLS_SEED: SEED = "1" } = process.env;
/** Every other one with the watchdog. A soak has more, at random. */
const TIMES_MS = momentsMs().map((afterMs, index) => ({ afterMs, watchdogToo: index % 2 === 0 }));

function momentsMs(): number[] {
  if (COUNT === undefined) return [1_411];
  const fraction = (index: number) => createHash("sha256").update(`${SEED} ${index}`).digest().readUInt32BE() / 2 ** 32;
  return Array.from({ length: Number(COUNT) }, (_, index) => Math.round(fraction(index) * LATEST_MS));
}

function scenarioOn(project: LinkedProject, method: readonly object[], observe: readonly string[] = []): string {
  const file = join(project.folder, "scenario.yaml");
  const steadyState = [{ service: "caller", is: "up" }];
  const observing = observe.length > 0 ? { observe } : {};
  const expected = [{ service: "caller", is: "up" }];
  writeFileSync(
    file,
    JSON.stringify({
      id: "killed",
      title: "Killed",
      patterns: [],
      ...observing,
      steadyState,
      method,
      expect: expected,
    }),
  );
  return file;
}

const FAULTS = [
  { fault: { http_status: LINK, status: 503 } },
  { wait: "300ms" },
  { undo: "all" },
  { fault: { down: LINK } },
  { wait: "300ms" },
];

/** The watchdog has restored it, or the next start does. */
async function isRestored(project: LinkedProject, before: string, lab: LabProcess, watchdogToo: boolean) {
  if (watchdogToo) await lab.cutPower();
  else await lab.ended();
  if (watchdogToo) {
    const { code, said } = await lab.run("run", scenarioOn(project, [{ wait: "1ms" }]), "--project", project.name);
    expect(code, said).toBe(0);
  }
  expect(project.state()).toBe(before);
}

describeOnDocker("a lab that is killed while it breaks a link of someone else's project", () => {
  const shared = sharedProject(TWO_SERVICES);

  test.each(COUNT === undefined ? MOMENTS : [...MOMENTS, ...MORE_MOMENTS])(
    "$moment leaves nothing of its own (watchdog killed too: $watchdogToo)",
    async (kill) => {
      const project = shared();
      const before = project.state();
      const variables = { LAB_KILL_POINT: kill.moment, ...(kill.watchdogToo ? { LAB_KILL_WATCHDOG: "1" } : {}) };
      const home = { RESILIENCE_LAB_HOME: temporaryFolder() };
      const killed = new LabProcess({ ...home, ...variables }, [], KILLABLE_LAB);
      const { code, said } = await killed.run("run", scenarioOn(project, FAULTS), "--project", project.name);
      expect(code, said).toBeNull();
      await killed.ended();
      await isRestored(project, before, new LabProcess(home), kill.watchdogToo);
    },
  );

  test.each(TIMES_MS)("$afterMs ms into a run leaves nothing of its own", async ({ afterMs, watchdogToo }) => {
    const project = shared();
    const before = project.state();
    const lab = new LabProcess();
    // Every third has the link read from the beginning, as the map does it while it listens.
    const observe = afterMs % 3 === 0 ? [LINK] : [];
    const session = lab.start("run", scenarioOn(project, FAULTS, observe), "--project", project.name);
    await session.says(/using project/);
    await delay(afterMs);
    if (!watchdogToo) session.kill();
    await isRestored(project, before, lab, watchdogToo);
  });
});
