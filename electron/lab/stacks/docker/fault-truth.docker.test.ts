import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { LabEvent } from "../../../model/lab-event.ts";
import { temporaryFolder } from "../../../testing/temporary-folder.ts";
import { systemClock } from "../../clock.ts";
import { RunLog } from "../../events/run-log.ts";
import { describeDamage, inspectDamage } from "../../faults/existing-damage.ts";
import { FaultWatch } from "../../faults/fault-watch.ts";
import { FaultInjector } from "../../faults/injector.ts";
import { FaultJournal } from "../../journal/fault-journal.ts";
import { openJournal } from "../../journal/journal.ts";
import type { Engine } from "./engine.ts";
import {
  containerId,
  describeOnDocker,
  docker,
  serverService,
  stackOf,
  stateOf,
  upOnDocker,
} from "./testing/on-docker.ts";

const never = new AbortController().signal;

/** A service on Docker, and an injector that breaks it as a run does and checks whether what it did lasts. */
async function injecting(engine: Engine) {
  const stack = stackOf(serverService("web"));
  const running = await upOnDocker(engine, stack);
  const journal = openJournal(join(temporaryFolder(), "faults.db"));
  const events: LabEvent[] = [];
  /** As docker had it when each fault was applied. */
  const applied: string[] = [];
  const state = () => stateOf(stack.project, "web");
  const record = (event: LabEvent) => {
    events.push(event);
    if (event.type === "fault.applied") applied.push(state());
  };
  const log = new RunLog({ runId: "run", clock: systemClock, record });
  const faults = new FaultInjector({ stack: running, journal: new FaultJournal(journal), log, clock: systemClock });
  const watch = FaultWatch.start({ stack: running, faults, clock: systemClock });
  onTestFinished(async () => {
    await watch.close();
    await faults.undo("all", AbortSignal.timeout(60_000));
    journal.close();
  });
  const id = containerId(stack.project, "web");
  return { faults, events, applied, id, running, state };
}

describeOnDocker("what a run says of its faults on Docker", (engine) => {
  test.each(["kill", "stop"] as const)(
    "%s of a paused container ends it; it is paused again, and then running",
    async (kind) => {
      const { faults, events, applied, state } = await injecting(engine);
      await faults.apply({ pause: "web" }, never);
      await faults.apply({ [kind]: "web", for: 50 }, never);
      expect(applied).toEqual(["paused", "exited"]);
      await expect
        .poll(() => events.at(-1))
        .toMatchObject({
          type: "fault.undone",
          result: "restored",
          detail: "web is paused, as it was before",
        });
      expect(state()).toBe("paused");
      expect(await faults.undo("all", never)).toEqual({ undone: 1, residue: [] });
      expect([state(), faults.flaws]).toEqual(["running", []]);
    },
  );

  test.each([
    ["pause", "unpause", "web is running"],
    ["stop", "start", "web is running"],
    ["pause", "kill", "web is stopped"],
    ["stop", "rm", "web was removed"],
  ] as const)("%s that docker %s ends is seen, and said", async (kind, command, why) => {
    const { faults, id } = await injecting(engine);
    await faults.apply({ [kind]: "web" }, never);
    docker(command, id);
    await expect
      .poll(() => faults.flaws)
      .toEqual([
        expect.stringMatching(new RegExp(`^${kind} web ended before its time, .*: ${why}, seen .* into the run$`)),
      ]);
    await expect.poll(() => faults.inForce()).toEqual([]);
  });

  test("what someone else has broken is found: paused, stopped, cut off, removed", async () => {
    const { running, id } = await injecting(engine);
    const found = async () => (await inspectDamage(running, () => [])).damage.map(describeDamage);
    expect(await found()).toEqual([]);
    docker("pause", id);
    expect(await found()).toEqual(["web is paused"]);
    docker("unpause", id);
    const networks = JSON.parse(docker("inspect", "--format", "{{json .NetworkSettings.Networks}}", id)) as object;
    for (const network of Object.keys(networks)) docker("network", "disconnect", network, id);
    expect(await found()).toEqual(["web is cut off from every network"]);
    docker("kill", id);
    expect(await found()).toEqual(["web is stopped"]);
    docker("rm", id);
    expect(await found()).toEqual(["web has no container"]);
  });
});
