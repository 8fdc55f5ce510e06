import { systemClock } from "../lab/clock.ts";
import type { RunStore } from "../lab/history/run-store.ts";
import type { Pace } from "../lab/runs/pace.ts";
import { runScenario } from "../lab/runs/runner.ts";
import { loadText } from "../lab/scenarios/load.ts";
import { StrayErrors } from "../lab/stray-errors.ts";
import type { LabEvent } from "../model/lab-event.ts";
import { RunModel } from "../model/run-model.ts";
import type { SmallStack } from "./small-stack.ts";

/** In a method: a wait that ends when the test releases it. */
export const UNTIL_TOLD = { wait: "59m" };
const UNTIL_TOLD_MS = 59 * 60_000;

/** A scenario as it is submitted: the server is stopped until the wait is over. */
export const serverStops = (wait: string) => ({
  source: JSON.stringify({
    id: "server-stops",
    title: "The server stops",
    patterns: [],
    steadyState: [{ service: "server", is: "up" }],
    method: [{ fault: { stop: "server", for: "1h" } }, { wait }],
    expect: [{ within: "1h" }],
  }),
});

export interface SmallRun {
  method: object[];
  steadyState?: object[];
  expect?: object[];
  acceptExisting?: boolean;
  pace?: Pace;
  /** Added to the lab's clock. */
  aheadMs?: () => number;
  /** Called with each event; `goOn` ends a wait {@link UNTIL_TOLD}. */
  listen?: (event: LabEvent, goOn: () => void) => void;
}

/** Runs a scenario on a small stack, as a host does. */
export async function runOnSmallStack(stack: SmallStack, history: RunStore, run: SmallRun) {
  const { steadyState = [{ service: "server", is: "up" }], expect = [{ within: "5m" }], method } = run;
  const scenario = { id: "x", title: "x", patterns: [], steadyState, method, expect };
  const [loaded] = loadText(JSON.stringify(scenario), "x.yaml");
  if (loaded === undefined) throw new Error("there should be one");
  const released = Promise.withResolvers<void>();
  const sleep = (ms: number, signal: AbortSignal) =>
    ms === UNTIL_TOLD_MS ? released.promise : systemClock.sleep(ms, signal);
  const { aheadMs = () => 0, pace } = run;
  const monotonicMs = () => systemClock.monotonicMs() + aheadMs();
  const clock = { ...systemClock, monotonicMs, sleep };
  const { acceptExisting = false } = run;
  const rest = { clock, labVersion: "0.0.0", strays: new StrayErrors(), acceptExisting, pace };
  const parts = { stack: stack.running, history, journal: stack.faults, ...rest };
  const events: LabEvent[] = [];
  const result = await runScenario(loaded, parts, new AbortController().signal, (event) => {
    events.push(event);
    run.listen?.(event, released.resolve);
  });
  const view = RunModel.of(events);
  return {
    ...result,
    events,
    view,
    warnings: view.warnings.map(({ event }) => event).filter(({ code }) => code !== "audit-log"),
  };
}
