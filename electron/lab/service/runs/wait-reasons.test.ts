import { expect, test } from "vitest";
import type { QueueEntry } from "../../../contract/runs.ts";
import type { QueuedRun, QueueWorker } from "../../history/queue-store.ts";
import { type QueueSituation, waitReason } from "./wait-reasons.ts";

const LABELS = { prefix: "lab:a1:", window: "lab:a1:b2", terminal: "lab:a1:b2:terminal" };
const THIS_LAB: QueueWorker = { worker: "here", labels: [LABELS.window, LABELS.terminal], concurrency: 1 };
const worker = (name: string, ...labels: string[]): QueueWorker => ({ worker: name, labels, concurrency: 1 });
const running = (by: string, spec: object = {}) => ({ worker: `${by}/0`, spec, labels: [] }) as unknown as QueuedRun;

test.each<[string, string[], Partial<QueueSituation>, string | null, string | null]>([
  ["starts at once", [LABELS.window], {}, null, null],
  [
    "waits for the run in progress",
    [LABELS.terminal],
    { current: { scenarioTitle: "A crash" } as QueueEntry },
    "the stack is taken: A crash is running",
    null,
  ],
  ["waits for a halted lab", [LABELS.window], { isHalted: true }, "the lab is halted", "Arm it"],
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
])("a run that %s says so, and what to do", (_what, labels, given, why, next) => {
  const { workers = [], ...rest } = given;
  const situation = { labels: LABELS, running: [], current: undefined, isHalted: false, ...rest };
  const waits = waitReason({ labels, spec: {} } as unknown as QueuedRun, {
    ...situation,
    workers: [THIS_LAB, ...workers],
  });
  expect(waits).toEqual(why === null ? null : { why, next });
});

test("a run on a project that another run has waits for that", () => {
  const spec = { stack: { kind: "project", project: "shop" } };
  const workers = [worker("v", "docker"), worker("w", "docker")];
  const situation = { labels: LABELS, workers, running: [running("v", spec)], current: undefined, isHalted: false };
  const waits = waitReason({ labels: ["docker"], spec } as unknown as QueuedRun, situation);
  expect(waits?.why).toBe("the stack shop is taken by another run");
});
