import type { LabEvent } from "../../../model/lab-event.ts";
import { eventAt, sampleRun } from "../../../testing/sample-events.ts";
import { appendAll } from "../../../testing/stored-events.ts";
import type { NewRun, RunStore } from "../../history/run-store.ts";
import { openStore } from "../../history/testing/sqlite-under-test.ts";

export const RUN_1 = "11111111-1111-4111-8111-111111111111";
export const RUN_2 = "22222222-2222-4222-8222-222222222222";

export function openHistory(): Promise<RunStore> {
  return openStore();
}

/** Records a run; by default one of every type of event. */
export async function recordRun(
  history: RunStore,
  id = RUN_1,
  { events = sampleRun(id), ...change }: Partial<NewRun> & { events?: LabEvent[] } = {},
): Promise<void> {
  await history.begin({
    id,
    scenarioId: "mcp-crash",
    scenarioTitle: "The MCP server crashes",
    scenarioSource: "id: mcp-crash\n",
    stackSource: "services:\n  gateway: {}\n",
    driver: "process",
    without: [],
    startedWallMs: 1_700_000_000_010,
    ...change,
  });
  await appendAll(
    history,
    events.map((event) => ({ ...event, runId: id })),
  );
}

/** The sample run with more events before its end. */
export function runWith(bodies: readonly Parameters<typeof eventAt>[1][], id = RUN_1): LabEvent[] {
  const sample = sampleRun(id);
  const before = sample.slice(0, -1);
  const added = bodies.map((body, index) => eventAt(before.length + index + 1, body, id));
  const last = { ...sample.at(-1) } as Parameters<typeof eventAt>[1];
  return [...before, ...added, eventAt(before.length + added.length + 1, pick(last), id)];
}

function pick(event: Parameters<typeof eventAt>[1]): Parameters<typeof eventAt>[1] {
  const { seq: _seq, atMs: _atMs, wallMs: _wallMs, runId: _runId, ...body } = event as LabEvent;
  return body as Parameters<typeof eventAt>[1];
}

/** The files of such a run in a bundle, below its folder. */
export const RUN_FILES = [
  "decisions.json",
  "events.ndjson",
  "junit.xml",
  "logs/gateway.log",
  "run.json",
  "scenario.yaml",
  "stack.yaml",
  "trace.otlp.json",
] as const;
