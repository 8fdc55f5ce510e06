import type { Lab, LabSession } from "../lab/lab.ts";
import type { LoadedScenario } from "../lab/scenarios/load.ts";
import { shippedScenarios } from "../lab/scenarios/shipped.ts";
import { ON_REFERENCE_STACK } from "../lab/stacks/run-target.ts";
import type { LabEvent } from "../model/lab-event.ts";
import { RunModel } from "../model/run-model.ts";
import type { RunView } from "../model/run-view.ts";
import { isOpen } from "../model/span.ts";
import { type Row, row } from "./row.ts";

const NEVER = new AbortController().signal;

/**
 * The demo as in the terminal: the stack is brought up, every shipped scenario run once, the stack taken down. Compares
 * its duration with the waits that its scenarios contain by design, and breaks down the rest.
 */
export async function benchDemo(lab: Lab, bench: LabSession): Promise<Row[]> {
  const spentMs = new Map<string, number>();
  const spend = (on: string, ms: number) => spentMs.set(on, (spentMs.get(on) ?? 0) + ms);
  const waitsMs = new Map<string, number>();
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
      const designMs = waitsByDesign(loaded, view);
      waitsMs.set(loaded.scenario.id, designMs);
      for (const [phase, ms] of phasesOf(view, performance.now() - begunMs)) spend(phase, ms);
      spend("method", -designMs);
    }
  } finally {
    const downMs = performance.now();
    await open.release();
    spend("stack down", performance.now() - downMs);
  }
  const wallMs = performance.now() - startedMs;
  const waitedMs = [...waitsMs.values()].reduce((sum, ms) => sum + ms, 0);
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

/**
 * What scenarios wait for that no row of the log measures: delays of their faults, and the reference stack's own time limits, in
 * milliseconds, each at its least.
 */
const PRESCRIBED_MS: Readonly<Record<string, number>> = {
  // A latency of 800 ms and its jitter: initialize, tools/list and a call.
  "slow-link": 3 * 700,
  // Probes that time out, UNHEALTHY_THRESHOLD of them.
  "healthy-peer-unaffected": 3 * 1_500,
  // Two rechecks of the payments server.
  "all-backends-down": 2 * 2_000,
  "name-collision": 2 * 2_000,
  "circuit-opens-and-recovers": 2_000,
  // A latency of 600 ms: a probe, then initialize and a call.
  "fail-slow-backend": 3 * 600,
  "abandoned-sessions": 2_000,
  // Retry-After.
  "server-pushback": 2_000,
  // The first pauses of the command before its next start.
  "stdio-server-crash-loop": 250 + 500,
  // Calls that take 1 s: 16 of them, of which 8 are let through at once, and a retry.
  "retry-amplification": 3 * 1_000,
};

/** Wait steps, approvals that expire, calls that end by their deadline, and {@link PRESCRIBED_MS}. */
function waitsByDesign({ scenario }: LoadedScenario, view: RunView): number {
  const steps = scenario.method.reduce(
    (sum, step) => sum + ("wait" in step && typeof step.wait === "number" ? step.wait : 0),
    0,
  );
  const held = view.decisions
    .filter(({ event: { reason } }) => reason.includes("approval timeout") || reason.includes("deadline"))
    .reduce((sum, { event }) => sum + event.durationMs, 0);
  return steps + held + (PRESCRIBED_MS[scenario.id] ?? 0);
}
