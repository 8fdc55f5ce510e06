import { join } from "node:path";
import { onTestFinished } from "vitest";
import { eventAt, sampleRun } from "../../../testing/sample-events.ts";
import { temporaryFolder } from "../../../testing/temporary-folder.ts";
import type { LabEvent } from "../../events/lab-event.ts";
import { History, type NewRun } from "../../history/history.ts";
import { thisProcess } from "../../stack/process-identity.ts";

export const RUN_1 = "11111111-1111-4111-8111-111111111111";
export const RUN_2 = "22222222-2222-4222-8222-222222222222";

export function openHistory(): History {
  const history = new History(join(temporaryFolder(), "history.db"), thisProcess);
  onTestFinished(() => history.close());
  return history;
}

/** Records a run; by default one of every type of event. */
export function recordRun(
  history: History,
  id = RUN_1,
  { events = sampleRun(id), ...change }: Partial<NewRun> & { events?: LabEvent[] } = {},
): void {
  history.begin({
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
  for (const event of events) history.record({ ...event, runId: id });
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
