import { expect, test } from "vitest";
import type { QueuedRun, ReportedWorker } from "../history/queue-store.ts";
import { type QueueSituation, waitReason } from "./wait-reason.ts";

const LABELS = { prefix: "lab:a1:", window: "lab:a1:b2", terminal: "lab:a1:b2:terminal", accepting: "lab:a1:b2:a" };
const THIS_LAB: ReportedWorker = {
  worker: "here",
  labels: [LABELS.window, LABELS.terminal, LABELS.accepting],
  concurrency: 1,
  pause: null,
};
const worker = (name: string, ...labels: string[]): ReportedWorker => ({
  worker: name,
  labels,
  concurrency: 1,
  pause: null,
});
const SCENARIO = { scenario: { source: "", title: "A crash" }, stack: { kind: "reference" } };
const queued = (labels: string[], spec: object = SCENARIO) =>
  ({ state: "queued", labels, spec, worker: null }) as unknown as QueuedRun;
const running = (by: string, spec: object = SCENARIO) =>
  ({ state: "running", worker: `${by}/0`, spec, labels: [] }) as unknown as QueuedRun;
const FAULT = { why: "a fault is in force on gateway", next: "Undo it" };

test.each<[string, string[], Partial<QueueSituation>, string | null, string | null]>([
  ["starts at once", [LABELS.window], {}, null, null],
  [
    "waits for the run in progress",
    [LABELS.terminal],
    { running: [running("here")] },
    "the stack is taken: A crash is running",
    null,
  ],
  [
    "waits for what its lab waits for",
    [LABELS.window],
    { workers: [{ ...THIS_LAB, pause: FAULT }], running: [running("here")] },
    FAULT.why,
    FAULT.next,
  ],
  [
    "waits for what another lab waits for",
    ["lab:ff:1"],
    { workers: [{ ...worker("there", "lab:ff:1"), pause: FAULT }] },
    FAULT.why,
    FAULT.next,
  ],
  [
    "was left by an earlier opening of the lab",
    ["lab:a1:old"],
    {},
    "the lab was closed before it could run",
    "Continue or cancel it",
  ],
  [
    "is for another lab, which is closed",
    ["lab:ff:1"],
    {},
    "the lab that it was submitted to is closed",
    "Open that lab and continue it, or cancel it",
  ],
  ["has no worker", [], {}, "no worker is running", "Start one: resilience-lab worker"],
  [
    "asks for what no worker has",
    ["docker", "stack:shop"],
    { workers: [worker("w", "docker")] },
    "no worker has the label stack:shop",
    "Start one: resilience-lab worker --labels docker --stack shop=FILE",
  ],
  [
    "has only busy workers",
    [],
    { workers: [worker("v"), worker("w")], running: [running("v"), running("w")] },
    "all 2 workers that can take it are busy",
    null,
  ],
  ["is about to be taken", ["docker"], { workers: [worker("w", "docker")] }, null, null],
])("a run that %s says so, and what to do", (_what, labels, { workers = [], running: others = [] }, why, next) => {
  const waits = waitReason(queued(labels), { workers: [...workers, THIS_LAB], running: others }, LABELS);
  expect(waits).toEqual(why === null ? null : { why, next });
});

test("a run on a project that another run has waits for that", () => {
  const spec = { scenario: "a", stack: { kind: "project", project: "shop" } };
  const workers = [worker("v", "docker"), worker("w", "docker")];
  const waits = waitReason(queued(["docker"], spec), { workers, running: [running("v", spec)] });
  expect(waits?.why).toBe("the stack shop is taken by another run");
});

test("a run that has begun or ended waits for nothing", () => {
  expect(waitReason(running("w"), { workers: [], running: [] })).toBeNull();
});
