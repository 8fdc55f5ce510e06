import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { startEngineOnSmallStack } from "../../../testing/engine-on-small-stack.ts";
import { temporaryFolder } from "../../../testing/temporary-folder.ts";
import { FaultInjector } from "../../faults/injector.ts";
import { LabError } from "../../lab-error.ts";
import { LabSession } from "../../lab-session.ts";
import { ResidueCheck } from "../../runs/residue.ts";
import type { EngineService } from "../engine-service.ts";

let engine: EngineService;
beforeEach(async () => {
  engine = await startEngineOnSmallStack(temporaryFolder());
});
afterEach(async () => {
  vi.restoreAllMocks();
  await engine.close();
});

/** Starts a run, cancels it at that moment, and returns what the window and the queue say of its end. */
async function cancelled(isTime: () => boolean) {
  const source = `
id: broken
title: One of a test
patterns: []
steadyState: [{ service: server, is: up }]
method: [{ fault: { stop: caller } }, { wait: 10m }]
expect: [{ service: server, is: up }]
`;
  engine.scenarios.save(source, { replace: false });
  const [started] = await engine.runs.start([engine.scenarios.find("broken")], [], 1);
  const id = started?.entryId ?? "";
  await expect.poll(isTime).toBe(true);
  await engine.runs.cancel(id);
  await expect.poll(() => engine.runs.isBusy).toBe(false);
  const queue = await engine.runs.queue();
  await expect.poll(async () => (await queue.get(id))?.state).toBe("ended");
  const ends = [engine.runs.state().ended[0], await queue.get(id)];
  return ends.map((end) => ({ outcome: end?.outcome, reason: end?.reason }));
}

test("a run that had not started and was cancelled ends as an error when what was done for it cannot be undone, by its name", async () => {
  let hasStarted = false;
  vi.spyOn(LabSession.prototype, "run").mockImplementation((_loaded, _open, { signal }) => {
    hasStarted = true;
    return new Promise((_resolve, reject) => {
      const residue = new LabError("residue", "server is stopped", { hint: "start it" });
      signal.addEventListener("abort", () => reject(residue), { once: true });
    });
  });
  const end = { outcome: "error", reason: "server is stopped; start it (after it was cancelled)" };
  expect(await cancelled(() => hasStarted)).toEqual([end, end]);
});

test("a run that was cancelled while protections were being switched ends with residue when they cannot be switched back", async () => {
  await engine.stack.up();
  const { running } = engine.stack;
  if (running === undefined) throw new Error("it should be up");
  // As a switch leaves it that has not come to its end.
  running.registered.without = undefined;
  const switched = vi.spyOn(running, "setProtectionsOff");
  switched.mockImplementationOnce(
    (_without, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      }),
  );
  switched.mockRejectedValue(new LabError("unreachable", "server did not become healthy"));
  const problem = "protections could not be switched on again: server did not become healthy";
  const end = { outcome: "residue", reason: `${problem} (after it was cancelled)` };
  expect(await cancelled(() => switched.mock.calls.length === 1)).toEqual([end, end]);
});

test.each(["before its method", "in its method"])(
  "a run that was cancelled %s and whose undo fails ends with residue, by its name",
  async (when) => {
    const undo = vi.spyOn(FaultInjector.prototype, "undo");
    undo.mockResolvedValueOnce({ undone: 0, residue: ["caller: no such program"] });
    const before = vi.spyOn(ResidueCheck.prototype, "before");
    if (when === "before its method") before.mockReturnValue(new Promise(() => {}));
    const isTime = () =>
      when === "before its method" ? before.mock.calls.length === 1 : engine.stack.faults().length === 1;
    const end = { outcome: "residue", reason: "not restored: caller: no such program" };
    expect(await cancelled(isTime)).toEqual([end, end]);
  },
);

test("a run that was cancelled and cannot be compared with before ends as an error, with the reason", async () => {
  vi.spyOn(ResidueCheck.prototype, "after").mockRejectedValueOnce(new Error("the engine is away"));
  const end = { outcome: "error", reason: "cancelled by a person; and the rollback failed: the engine is away" };
  expect(await cancelled(() => engine.stack.faults().length === 1)).toEqual([end, end]);
});
