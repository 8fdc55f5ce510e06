import { expect, test } from "vitest";
import type { LabEventBody } from "../../model/lab-event.ts";
import { fakeContext, fakeService } from "../../testing/fake-services.ts";
import type { RunContext } from "./run-context.ts";
import { scenario as scenarioSchema, step } from "./schema.ts";
import { holdSteady } from "./steady-state.ts";
import { runStep } from "./steps.ts";

const never = new AbortController().signal;
const change = { from: "healthy", to: "unhealthy", reason: "no answer" };
const backend: LabEventBody = { ...change, type: "backend.changed", backend: "b", what: "health", changedWallMs: 0 };
const health: LabEventBody = {
  type: "health.changed",
  service: "a",
  from: "up",
  to: "down",
  reason: "x",
  latencyMs: 1,
};
const line: LabEventBody = { type: "service.log", service: "a", stream: "stdout", line: "GET /x" };

/** A service that is ready once `ready` was called, and a context whose pauses end only when they are ended early. */
async function asked() {
  let isReady = false;
  const { address, asked } = await fakeService(() => ({ json: { isReady } }));
  const { context, log } = fakeContext(address, { a: "up" });
  const pauses = { count: 0 };
  const sleep: RunContext["clock"]["sleep"] = (_ms, signal) => {
    pauses.count++;
    return new Promise((_resolve, reject) =>
      signal.addEventListener("abort", () => reject(signal.reason), { once: true }),
    );
  };
  Object.assign(context, { clock: { ...context.clock, sleep } });
  const ready = () => {
    isReady = true;
  };
  return { context, log, asked, pauses, ready };
}

const expected = { http: "a", path: "/x", json: { isReady: true } };

test.each([
  ["a wait", backend],
  ["a wait", health],
  ["a steady state", backend],
])("%s asks again as soon as the log says that something has changed", async (what, event) => {
  const { context, log, asked: requests, pauses, ready } = await asked();
  const rest = { id: "x", title: "x", patterns: [], method: [{ wait: "1ms" }], expect: [{ within: "1s" }] };
  const { steadyState } = scenarioSchema.parse({ ...rest, steadyState: [expected] });
  const done =
    what === "a wait"
      ? runStep(step.parse({ wait: expected }), context, never)
      : holdSteady(steadyState, context, never);
  await expect.poll(() => pauses.count).toBe(1);
  ready();
  log.append(line);
  expect(requests).toHaveLength(1);
  log.append(event);
  expect(await done).toBe(what === "a wait" ? "seen" : undefined);
  expect(requests).toHaveLength(2);
});

test("news that comes while the service is asked is not missed, and the run's end ends the pause", async () => {
  const { context, log, asked: requests, pauses } = await asked();
  const stop = new AbortController();
  const wait = runStep(step.parse({ wait: expected }), context, stop.signal);
  log.append(backend);
  await expect.poll(() => pauses.count).toBe(1);
  expect(requests).toHaveLength(2);
  stop.abort(new Error("enough"));
  await expect(wait).rejects.toThrow("enough");
});
