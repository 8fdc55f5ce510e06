import { emptyRunView, foldAll, type RunView } from "../lab/events/fold.ts";
import type { LabEvent } from "../lab/events/lab-event.ts";
import { shippedScenarios, type Workbench } from "../lab/lab.ts";
import type { LoadedScenario } from "../lab/scenarios/load.ts";
import type { OpenStack } from "../lab/stack/open-stack.ts";
import { type Row, row } from "./row.ts";

/** Every shipped scenario once: how long they take against the waits that they contain by design. */
export async function benchDemo(bench: Workbench, open: OpenStack): Promise<Row[]> {
  let waitedMs = 0;
  const startedMs = performance.now();
  for (const loaded of shippedScenarios()) {
    const events: LabEvent[] = [];
    const { outcome, reason } = await bench.run(loaded, open, {
      ...open.target,
      keepRaw: false,
      signal: new AbortController().signal,
      listen: (event) => void events.push(event),
    });
    if (outcome !== "passed") throw new Error(`${loaded.scenario.id} did not pass: ${reason}`);
    waitedMs += waitsByDesign(loaded, foldAll(emptyRunView, events));
  }
  const wallMs = performance.now() - startedMs;
  return [
    row("demo, wall time", wallMs / 1000, "s"),
    row("demo, waits by design", waitedMs / 1000, "s"),
    row("demo, wall time against its waits by design", wallMs / waitedMs, "ratio"),
  ];
}

/** Steps that wait for a time, approvals that expire, and calls that only the deadline ends. */
function waitsByDesign({ scenario }: LoadedScenario, view: RunView): number {
  const steps = scenario.method.reduce(
    (sum, step) => sum + ("wait" in step && typeof step.wait === "number" ? step.wait : 0),
    0,
  );
  const held = view.decisions
    .filter(({ reason }) => reason.includes("approval timeout") || reason.includes("deadline"))
    .reduce((sum, { durationMs }) => sum + durationMs, 0);
  return steps + held;
}
