import { kindOfRun } from "../../../contract/runs.ts";
import type { EventOf } from "../../../model/lab-event.ts";
import { OTHER_STACK_HINT, onOtherStack } from "../../../model/other-stack.ts";
import { RunModel } from "../../../model/run-model.ts";
import type { RunStore } from "../../history/run-store.ts";
import { LabError } from "../../lab-error.ts";
import { hasPlaceholder } from "../../redaction/placeholder.ts";
import { type LoadedScenario, loadText } from "../../scenarios/load.ts";
import type { Stack } from "../../stacks/stack-file.ts";
import type { ScenarioLibrary } from "./scenario-library.ts";

/**
 * The scenario of a past run as it was written then.
 * @throws LabError for what cannot be run again, and `precondition` for a run on another stack than this one
 */
export async function scenarioOf(
  history: RunStore,
  library: ScenarioLibrary,
  runId: string,
  stack: Pick<Stack, "project" | "services">,
): Promise<{ loaded: LoadedScenario; without: string[] }> {
  const { scenarioId, scenarioTitle, source, without } = await history.get(runId);
  if (kindOfRun(scenarioId) !== "scenario")
    throw new LabError("bad-input", "this entry has no scenario: there is nothing to repeat");
  const started = await startOf(history, runId);
  const otherStack = started && onOtherStack(started, stack);
  if (otherStack !== undefined) throw new LabError("precondition", otherStack, { hint: OTHER_STACK_HINT });
  if (hasPlaceholder(source)) return { loaded: library.unredacted(scenarioId, source), without };
  const loaded = loadText(source, `${scenarioId}.yaml`);
  const found = loaded.find(({ scenario }) => scenario.id === scenarioId);
  if (found !== undefined) return { loaded: found, without };
  // The cases of a suite are named after its file, which a run does not record; their titles are the same.
  const ofSuite = loaded.find(({ scenario }) => scenario.title === scenarioTitle);
  if (ofSuite === undefined) throw new LabError("bad-input", `the scenario of run ${runId} cannot be read any more`);
  return { loaded: { ...ofSuite, scenario: { ...ofSuite.scenario, id: scenarioId } }, without };
}

async function startOf(history: RunStore, runId: string): Promise<EventOf<"run.started"> | undefined> {
  for await (const event of history.events(runId)) return RunModel.of([event]).started;
  return undefined;
}
