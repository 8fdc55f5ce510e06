import type { Lab, LabSession } from "../lab/lab.ts";
import type { LoadedScenario } from "../lab/scenarios/load.ts";
import { shippedScenarios } from "../lab/scenarios/shipped.ts";
import { ON_REFERENCE_STACK } from "../lab/stacks/run-target.ts";
import type { LabEvent } from "../model/lab-event.ts";
import { RunModel } from "../model/run-model.ts";
import type { RunView } from "../model/run-view.ts";
import { isOpen, type Span } from "../model/span.ts";
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

/**
 * What scenarios wait for that the log does not show: delays of their faults, and time limits of the reference stack that no
 * change of a backend follows, in milliseconds, each at its least.
 */
const PRESCRIBED_MS: Readonly<Record<string, number>> = {
  // A latency of 800 ms and its jitter: initialize, tools/list and a call.
  "slow-link": 3 * 700,
  // A latency of 600 ms: a probe, then initialize and a call.
  "fail-slow-backend": 3 * 600,
  // SESSION_ABANDONED_AFTER.
  "abandoned-sessions": 2_000,
  // Retry-After.
  "server-pushback": 2_000,
  // Calls that take 1 s: 16 of them, of which 8 are let through at once, and a retry.
  "retry-amplification": 3 * 1_000,
  // The gateway waits this long for a backend's list before it uses the one that it has kept.
  "body-stall-during-list": 1_000,
  // Five calls of one turn, each after the one before, of 24 pages with 25 ms between them; the first ends in the wait.
  "event-storm-under-pressure": 4 * 24 * 25,
};

/**
 * Wait steps, approvals that expire, calls that end by their deadline, {@link gatewayWait} and {@link PRESCRIBED_MS}, in
 * milliseconds by the phase that has them.
 */
function waitsByDesign({ scenario }: LoadedScenario, view: RunView): [phase: string, ms: number][] {
  const held = view.decisions
    .filter(({ event: { reason } }) => reason.includes("approval timeout") || reason.includes("deadline"))
    .map(({ event }) => event.durationMs);
  const steps = scenario.method.map((step, index) => {
    if (!("wait" in step)) return 0;
    if (typeof step.wait === "number") return step.wait;
    const [span] = view.steps.filter(({ attributes }) => attributes.step === `step-${index + 1}`);
    return span === undefined ? 0 : gatewayWait(span, view);
  });
  const after = view.phases.filter(({ name }) => name === "steady state after").map((span) => gatewayWait(span, view));
  return [
    ["method", sumOf([...held, ...steps, PRESCRIBED_MS[scenario.id] ?? 0])],
    ["steady state after", sumOf(after)],
  ];
}

/**
 * How long a wait is for the gateway, which finds by its own intervals, thresholds and time limits whether a backend can be
 * used: until the last such change that it records within the span, by its clock. What passes from there on is the lab's.
 */
function gatewayWait(span: Span<"step" | "phase">, { backends, lastMs }: RunView): number {
  const endMs = isOpen(span) ? lastMs : span.endMs;
  const changes = backends.filter(({ startMs }) => startMs > span.startMs && startMs <= endMs);
  const found = changes.filter(({ status, attributes: { from } }) =>
    [status, from].some((state) => UNUSABLE.has(state)),
  );
  return (found.at(-1)?.startMs ?? span.startMs) - span.startMs;
}

const sumOf = (numbers: readonly number[]) => numbers.reduce((sum, each) => sum + each, 0);

const UNUSABLE = new Set(["unhealthy", "open", "half-open"]);
