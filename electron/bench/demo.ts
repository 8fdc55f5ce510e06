import type { Lab } from "../lab/lab.ts";
import type { LabSession } from "../lab/lab-session.ts";
import { shippedScenarios } from "../lab/scenarios/shipped.ts";
import { ON_REFERENCE_STACK } from "../lab/stacks/run-target.ts";
import type { LabEvent } from "../model/lab-event.ts";
import { RunModel } from "../model/run-model.ts";
import type { RunView } from "../model/run-view.ts";
import { isOpen } from "../model/span.ts";
import { waitsByDesign } from "./demo-waits.ts";
import { type Row, row } from "./row.ts";

const NEVER = new AbortController().signal;

/**
 * The demo as in the terminal: the stack is brought up, every shipped scenario run once, the stack taken down. Compares
 * its duration with the waits that its scenarios contain by design, and breaks down the rest.
 */
export async function benchDemo(lab: Lab, bench: LabSession): Promise<Row[]> {
  const spentMs = new Map<string, number>();
  const spend = (on: string, ms: number) => spentMs.set(on, (spentMs.get(on) ?? 0) + ms);
  let waitedMs = 0;
  const startedMs = performance.now();
  const open = await bench.stacks.open(await lab.resolve({ ...ON_REFERENCE_STACK, ports: "auto" }), { signal: NEVER });
  spend("stack up", performance.now() - startedMs);
  try {
    for (const loaded of shippedScenarios()) {
      const events: LabEvent[] = [];
      const options = { keepRaw: false, signal: NEVER, listen: (event: LabEvent) => void events.push(event) };
      const begunMs = performance.now();
      const { outcome, reason } = await bench.run(loaded, open, { ...open.target, ...options });
      if (outcome !== "passed") throw new Error(`${loaded.scenario.id} did not pass: ${reason}`);
      const view = RunModel.of(events);
      for (const [phase, ms] of phasesOf(view, performance.now() - begunMs)) spend(phase, ms);
      for (const [phase, ms] of waitsByDesign(loaded, view)) {
        waitedMs += ms;
        spend(phase, -ms);
      }
    }
  } finally {
    const downMs = performance.now();
    await open.release();
    spend("stack down", performance.now() - downMs);
  }
  const wallMs = performance.now() - startedMs;
  return [
    row("demo, wall time", wallMs / 1000, "s"),
    row("demo, waits by design", waitedMs / 1000, "s"),
    ...[...spentMs].map(([on, ms]) => row(`demo, besides: ${on}`, ms / 1000, "s")),
    row("demo, wall time against its waits by design", wallMs / waitedMs, "ratio", "<= 1.25"),
  ];
}

/** Duration of each phase of a run, in milliseconds, and of the time before the first and after the last. */
function phasesOf({ phases, ended }: RunView, wallMs: number): [string, number][] {
  const endMs = ended?.atMs ?? wallMs;
  const spans = phases.map((phase): [string, number] => [
    phase.name,
    (isOpen(phase) ? endMs : phase.endMs) - phase.startMs,
  ]);
  return [["following the stack", phases[0]?.startMs ?? 0], ...spans, ["around the run", wallMs - endMs]];
}
