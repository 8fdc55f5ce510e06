import { onTestFinished } from "vitest";
import type { LabEvent } from "../../../model/lab-event.ts";
import { eventsOf, passed, sampleRun, started } from "../../../testing/sample-events.ts";
import { appendAll, eventsIn } from "../../../testing/stored-events.ts";
import type { ProcessIdentity } from "../../process-identity.ts";
import type { ArrivingRun, NewRun, RunStore } from "../run-store.ts";

export { appendAll, eventsIn };

/** What the contract needs of a kind of store: one set of data that any number of labs open. */
export interface StoreUnderTest {
  /** As another lab on the same data; of this process unless told whose. It is closed when the test has finished. */
  open(owner?: ProcessIdentity): Promise<RunStore>;
  /** From now on no event can be written, as on a full disk, until the function that is returned is called. */
  failWrites(): () => void;
  /** From now on whoever writes waits, as for another process, until the function that is returned is called. */
  blockWrites(): () => void;
}

/** A process that is not there any more. */
export const NOBODY: ProcessIdentity = { pid: process.pid, startedAt: "in another life" };

export function closedAtEnd<Store extends RunStore>(store: Store): Store {
  onTestFinished(() => store.close().catch(() => {}));
  return store;
}

export function newRun(id: string, change: Partial<NewRun> = {}): NewRun {
  return {
    id,
    scenarioId: "mcp-crash",
    scenarioTitle: "The MCP server crashes",
    scenarioSource: "id: mcp-crash",
    driver: "process",
    without: [],
    startedWallMs: 1_700_000_000_000,
    ...change,
  };
}

export function arrivingRun(id: string, change: Partial<ArrivingRun> = {}): ArrivingRun {
  return { ...newRun(id), outcome: "passed", reason: "every check held", durationMs: 1, ...change };
}

/** A run from its beginning to its end: one of every type of event, or what is given. */
export async function recordRun(
  store: RunStore,
  id: string,
  { events = sampleRun(id), ...change }: Partial<NewRun> & { events?: LabEvent[] } = {},
): Promise<void> {
  await store.begin(newRun(id, change));
  await appendAll(store, events);
}

/** The shortest run. */
export async function recordShortRun(store: RunStore, id: string, change: Partial<NewRun> = {}): Promise<void> {
  await recordRun(store, id, { ...change, events: eventsOf([started, passed], id) });
}

export async function seqsIn(store: RunStore, runId: string): Promise<number[]> {
  return (await eventsIn(store, runId)).map(({ seq }) => seq);
}

export const numbersTo = (last: number): number[] => Array.from({ length: last }, (_, at) => at + 1);
