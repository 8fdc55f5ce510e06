import { expect, test } from "vitest";
import type { LabEvent, Outcome } from "../../../model/lab-event.ts";
import { temporaryFolder } from "../../../testing/temporary-folder.ts";
import { FAULT_KINDS } from "../../faults/catalogue.ts";
import { LINK_FAULTS } from "../../faults/link-faults.ts";
import { Lab } from "../../lab.ts";
import type { LoadedScenario } from "../../scenarios/load.ts";
import { shippedScenarios } from "../../scenarios/shipped.ts";
import { ON_REFERENCE_STACK, type RunTarget } from "../run-target.ts";
import type { Engine } from "./engine.ts";
import { describeOnDocker, projectName } from "./testing/on-docker.ts";

interface Seen {
  outcome: Outcome;
  reason: string;
  /** The audit rows as `tool decision`, in their order; sorted where clients that call concurrently have none. */
  rows: string[];
}

/**
 * On Docker the first scenario of each kind of fault: the gateway that decides is the same program. `npm run soak --
 * same-decisions` has all of them.
 */
function scenariosOnDocker(): LoadedScenario[] {
  if (process.env.SAME_DECISIONS === "all") return shippedScenarios();
  const kinds = new Set<string>();
  return shippedScenarios().filter(({ scenario }) => {
    const faults = scenario.method.flatMap((step) => ("fault" in step ? Object.keys(step.fault) : []));
    const own = faults.filter((key) => key in FAULT_KINDS || (LINK_FAULTS as readonly string[]).includes(key));
    const isNew = own.some((kind) => !kinds.has(kind));
    for (const kind of own) kinds.add(kind);
    return isNew;
  });
}

/** Scenarios on one stack, by the driver given. */
async function runAll(engine: Engine | undefined, scenarios: readonly LoadedScenario[]): Promise<Record<string, Seen>> {
  const lab = await Lab.open({
    ...process.env,
    RESILIENCE_LAB_HOME: temporaryFolder(),
    COMPOSE_PROJECT_NAME: projectName(),
    // One scenario waits it out; in the others it is long enough for a click on a busy machine.
    APPROVAL_TTL: "8s",
  });
  const { signal } = new AbortController();
  const seen: Record<string, Seen> = {};
  try {
    await lab.work("comparing drivers", signal, async (session) => {
      const target = await session.stacks.resolve(targetOn(engine));
      await session.stacks.use(target, { signal }, async (open) => {
        for (const loaded of scenarios) {
          const rows: string[] = [];
          const listen = (event: LabEvent) => {
            if (event.type === "call.decided") rows.push(`${event.tool} ${event.decision}`);
          };
          const { outcome, reason } = await session.run(loaded, open, {
            ...target.target,
            keepRaw: false,
            signal,
            listen,
          });
          const isConcurrent = loaded.scenario.method.some((step) => "storm" in step && (step.clients ?? 1) > 1);
          seen[loaded.scenario.id] = { outcome, reason, rows: isConcurrent ? rows.sort() : rows };
        }
      });
    });
  } finally {
    await lab.close();
  }
  return seen;
}

function targetOn(engine: Engine | undefined): RunTarget {
  const target = { ...ON_REFERENCE_STACK, ports: "auto" } as const;
  if (engine === undefined) return { ...target, driver: "process" };
  return { ...target, driver: "docker", engine: { by: "address", address: engine.address } };
}

describeOnDocker("the shipped scenarios", (engine) => {
  test("are green and make the same decisions, row by row, on Docker as on processes", async () => {
    // Both wait most of the time.
    const [onDocker, onProcesses] = await Promise.all([
      runAll(engine, scenariosOnDocker()),
      runAll(undefined, shippedScenarios()),
    ]);
    expect(Object.keys(onDocker)).toEqual(scenariosOnDocker().map(({ scenario }) => scenario.id));
    // One by one, so that a failure names the scenario and shows both.
    for (const [id, run] of Object.entries(onDocker)) expect({ id, ...run }).toEqual({ id, ...onProcesses[id] });
    const notGreen = Object.entries(onProcesses).filter(([, { outcome }]) => outcome !== "passed");
    expect(
      notGreen.map(([id, { outcome, reason, rows }]) => `${id} ${outcome}: ${reason}; ${rows.join(", ")}`),
    ).toEqual([]);
  }, 600_000);
});
