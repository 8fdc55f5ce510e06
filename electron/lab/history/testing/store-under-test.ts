import { onTestFinished } from "vitest";
import type { LabEvent } from "../../../model/lab-event.ts";
import { eventsOf, passed, sampleRun, started } from "../../../testing/sample-events.ts";
import { appendAll, eventsIn } from "../../../testing/stored-events.ts";
import type { ProcessIdentity } from "../../process-identity.ts";
import type { ArrivingRun, NewRun, RunStore } from "../run-store.ts";

export { appendAll, eventsIn };

/** What the contract needs of a store implementation: one set of data that several labs can open. */
export interface StoreUnderTest {
  /** Opens the data as another lab, by default of this process. Closed after the test. */
  open(owner?: ProcessIdentity): Promise<RunStore>;
  /** Lets event writes fail, as on a full disk, until the returned function is called. */
  failWrites(): Promise<() => Promise<void>>;
  /** Blocks writes, as by another process, until the returned function is called. */
  blockWrites(): Promise<() => Promise<void>>;
}

/** A process that has ended. */
export const NOBODY: ProcessIdentity = { pid: process.pid, startedAt: "another boot:1" };

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

/** A complete run: one event of every type, or the given events. */
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
