import type { LoadedScenario } from "../lab/scenarios/load.ts";
import type { RunView } from "../model/run-view.ts";
import { isOpen, type Span } from "../model/span.ts";

/**
 * What scenarios wait for that the log does not show: delays of their faults, and time limits of the reference stack that no
 * change of a backend follows, in milliseconds, each at its least.
 */
const PRESCRIBED_MS: Readonly<Record<string, number>> = {
  // A latency of 800 ms and its jitter: initialize, tools/list and a call.
  "slow-link": 3 * 700,
  // A latency of 500 ms: initialize, tools/list and a call.
  "any-slow-link": 3 * 500,
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
  // Five calls of one turn, each after the one before, of 32 pages with 25 ms between them; the first ends in the wait.
  "event-storm-under-pressure": 4 * 32 * 25,
};

/**
 * Wait steps, approvals that expire, calls that end by their deadline, {@link gatewayWait} and {@link PRESCRIBED_MS}, in
 * milliseconds by the phase that has them.
 */
export function waitsByDesign({ scenario }: LoadedScenario, view: RunView): [phase: string, ms: number][] {
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
