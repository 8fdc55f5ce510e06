import { stringify } from "yaml";
import { MANUAL_SCENARIO_ID } from "../../../contract/runs.ts";
import { isObject } from "../../../model/json.ts";
import { RunModel } from "../../../model/run-model.ts";
import type { RunStore } from "../../history/run-store.ts";
import { LabError } from "../../lab-error.ts";

/** A pause that a person has made, and not only the time between two requests. */
const SHORTEST_PAUSE_MS = 500;
/** What a repetition may take, by what the session took. */
const SLACK = 2;
const LEAST_MS = 30_000;

/**
 * A manual session as the text of a scenario: the same faults and calls, in their order and with the pauses between, and
 * each call ending as it did. Requests that failed are left out.
 * @throws LabError for a run that is no manual session, or one of an earlier version that did not record its requests
 */
export async function scenarioOfManualRun(history: RunStore, runId: string, id: string): Promise<string> {
  const { scenarioId } = await history.get(runId);
  if (scenarioId !== MANUAL_SCENARIO_ID) throw new LabError("bad-input", "this run has a scenario of its own");
  const run = new RunModel();
  for await (const event of history.events(runId)) run.take(event);
  const method: object[] = [];
  let lastMs: number | undefined;
  for (const { status, startMs, endMs, attributes } of run.steps) {
    const { written, output } = attributes;
    if (written === undefined || status !== "ok") continue;
    const pauseMs = lastMs === undefined ? 0 : Math.round((startMs - lastMs) / 100) * 100;
    if (pauseMs >= SHORTEST_PAUSE_MS) method.push({ wait: `${pauseMs}ms` });
    method.push(withEnd(written, output));
    lastMs = endMs;
  }
  if (method.length === 0) {
    throw new LabError("bad-input", "this session has no request that could be repeated", {
      hint: "it was recorded by an earlier version of the lab, or nothing in it succeeded",
    });
  }
  const tookMs = (lastMs ?? 0) - (run.steps[0]?.startMs ?? 0);
  const withinSeconds = Math.ceil(Math.max(LEAST_MS, tookMs * SLACK) / 1_000);
  const title = "What was done manually";
  return stringify(
    { id, title, patterns: [], steadyState: steadyStateOf(method), method, expect: [{ within: `${withinSeconds}s` }] },
    { lineWidth: 0, flowCollectionPadding: true },
  );
}

/** The services that were broken are up, or those that were called over a broken link. */
function steadyStateOf(method: readonly object[]): object[] {
  const targets = method.flatMap((step) => ("fault" in step ? Object.values(step.fault as object).slice(0, 1) : []));
  const services = new Set(targets.map((target) => String(target).split("->").at(-1)));
  return [...services].map((service) => ({ service, is: "up" }));
}

function withEnd(written: Readonly<Record<string, unknown>>, output: unknown): object {
  if (!("call" in written) || !isObject(output)) return written;
  return { ...written, is: output.ok === true ? "ok" : "error" };
}
