import { expect, test } from "vitest";
import type { Outcome } from "../../model/outcomes.ts";
import { eventsOf, started } from "../../testing/sample-events.ts";
import type { LabSession } from "../lab-session.ts";
import { executeScenario } from "./execute-scenario.ts";

/** Two repeats of a scenario, of which the first is stopped and then ends as given; the second never begins. */
async function stoppedIn(first: Outcome, reason: string) {
  const stop = new AbortController();
  const runs: string[] = [];
  const session = {
    stacks: { use: (_target: object, _options: object, work: (open: object) => unknown) => work({ target: {} }) },
    run: async (_loaded: object, _open: object, { listen }: Parameters<LabSession["run"]>[2]) => {
      runs.push(first);
      stop.abort(new Error("stopped"));
      for (const event of eventsOf([started, { type: "run.ended", outcome: first, reason }])) listen(event);
    },
  } as unknown as LabSession;
  const executing = executeScenario(
    { runId: "r" } as Parameters<typeof executeScenario>[0],
    { scenario: "mcp-crash", stack: { kind: "reference" }, repeats: 2, without: [] } as unknown as Parameters<
      typeof executeScenario
    >[1],
    { signal: stop.signal, addHistoryRun: async () => {}, putResults: async () => {} },
    { session, resolve: async () => ({}) as never, stacks: new Map() },
  );
  return executing.finally(() => expect(runs).toEqual([first]));
}

test("of several runs of which one was stopped and left residue, that is the ending of all", async () => {
  const reason = "not restored: stop payments-mcp";
  expect(await stoppedIn("residue", reason)).toMatchObject({ outcome: "residue", reason });
});

test("several runs that were stopped and restored have no ending of their own", async () => {
  await expect(stoppedIn("cancelled", "cancelled by a person")).rejects.toThrow("stopped");
});
