import type { WaitReason } from "../../../contract/queue.ts";
import type { QueueEntry } from "../../../contract/runs.ts";
import type { QueuedRun, QueueWorker } from "../../history/queue-store.ts";
import type { OpenLabLabels } from "../../queue/open-lab.ts";
import type { ScenarioSpec } from "../../queue/run-spec.ts";

export interface QueueSituation {
  labels: OpenLabLabels;
  workers: readonly QueueWorker[];
  /** All runs in progress, of whatever worker. */
  running: readonly QueuedRun[];
  /** Of this lab's own stack: the run in progress. */
  current: QueueEntry | undefined;
  isHalted: boolean;
}

/** Label of a stack that is open in the window of some lab. */
const ANY_LAB = /^lab:[0-9a-f]+:/;

/** Why a queued run has not started; null for one that is about to. */
export function waitReason(run: QueuedRun, situation: QueueSituation): WaitReason | null {
  const { labels, workers, running } = situation;
  const lab = run.labels.find((label) => ANY_LAB.test(label));
  if (lab?.startsWith(labels.window)) return waitsForThisLab(situation);
  if (lab?.startsWith(labels.prefix))
    return { why: "the lab was closed before it could run", next: "Continue or cancel it" };
  if (lab !== undefined) {
    const isThere = workers.some((worker) => worker.labels.includes(lab));
    return isThere
      ? { why: "it waits for the stack that is open in another lab", next: null }
      : { why: "the lab that it was submitted to is closed", next: "Open that lab and continue it, or cancel it" };
  }
  const others = workers.filter((worker) => !worker.labels.some((label) => ANY_LAB.test(label)));
  if (others.length === 0) return { why: "no worker is running", next: commandFor(run.labels) };
  const able = others.filter((worker) => run.labels.every((label) => worker.labels.includes(label)));
  if (able.length === 0) {
    const missing = run.labels.filter((label) => !others.some((worker) => worker.labels.includes(label)));
    const what = missing.length > 0 ? missing : run.labels;
    return { why: `no worker has ${labelText(what)}`, next: commandFor(run.labels) };
  }
  const project = projectOf(run);
  const taker = project === undefined ? undefined : running.find((each) => projectOf(each) === project);
  if (taker !== undefined) return { why: `the stack ${project} is taken by another run`, next: null };
  const slots = able.reduce((sum, { concurrency }) => sum + concurrency, 0);
  const taken = running.filter((each) => able.some(({ worker }) => each.worker?.startsWith(`${worker}/`))).length;
  if (taken < slots) return null;
  return {
    why: able.length === 1 ? "its worker is busy" : `all ${able.length} workers that can take it are busy`,
    next: null,
  };
}

function waitsForThisLab({ isHalted, current }: QueueSituation): WaitReason | null {
  if (isHalted) return { why: "the lab is halted", next: "Arm it" };
  return current === undefined ? null : { why: `the stack is taken: ${current.scenarioTitle} is running`, next: null };
}

function projectOf({ spec }: QueuedRun): string | undefined {
  const { stack } = spec as Partial<ScenarioSpec>;
  return stack?.kind === "project" ? stack.project : undefined;
}

function labelText(labels: readonly string[]): string {
  return `${labels.length === 1 ? "the label" : "the labels"} ${labels.join(", ")}`;
}

/** What starts a worker that can take it. */
function commandFor(labels: readonly string[]): string {
  const named = labels.filter((label) => label.startsWith("stack:")).map((label) => ` --stack ${label.slice(6)}=FILE`);
  const others = labels.filter((label) => !label.startsWith("stack:"));
  return `Start one: resilience-lab worker${others.length === 0 ? "" : ` --labels ${others.join(",")}`}${named.join("")}`;
}
