import type { WaitReason } from "../../contract/wait-reason.ts";
import type { QueuedRun, QueueStore, ReportedWorker } from "../history/queue-store.ts";
import type { OpenLabLabels } from "./open-lab.ts";
import { WORKER_SEEN_MS } from "./queue-worker.ts";
import { isEvaluation, type RunSpec } from "./run-spec.ts";

/** What queued runs may wait for. */
export interface QueueSituation {
  workers: readonly ReportedWorker[];
  /** Runs in progress, of whatever worker. */
  running: readonly QueuedRun[];
}

const RUNNING_READ = 500;

export async function queueSituation(queue: QueueStore): Promise<QueueSituation> {
  const [workers, running] = await Promise.all([
    queue.workers(WORKER_SEEN_MS),
    queue.list({ states: ["running"], limit: RUNNING_READ, isBrief: true }),
  ]);
  return { workers, running };
}

/** Label of a stack that is open in the window of some lab. */
const ANY_LAB = /^lab:[0-9a-f]+:/;

/**
 * Why a queued run has not started; null for one that is about to, and for one that is not queued.
 * @param own of the lab that asks, if it has a window
 */
export function waitReason(run: QueuedRun, situation: QueueSituation, own?: OpenLabLabels): WaitReason | null {
  if (run.state !== "queued") return null;
  const { workers, running } = situation;
  const lab = run.labels.find((label) => ANY_LAB.test(label));
  if (lab !== undefined) return waitsForLab(lab, situation, own);
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
  const taken = running.filter((each) => able.some((worker) => isBy(worker, each))).length;
  if (taken < slots) return null;
  return {
    why: able.length === 1 ? "its worker is busy" : `all ${able.length} workers that can take it are busy`,
    next: null,
  };
}

function waitsForLab(lab: string, { workers, running }: QueueSituation, own?: OpenLabLabels): WaitReason | null {
  const worker = workers.find(({ labels }) => labels.includes(lab));
  if (worker?.pause != null) return worker.pause;
  const current = worker && running.find((each) => isBy(worker, each));
  if (current !== undefined) return { why: `the stack is taken: ${titleOf(current)} is running`, next: null };
  if (worker !== undefined || (own !== undefined && lab.startsWith(own.window))) return null;
  if (own !== undefined && lab.startsWith(own.prefix)) {
    return { why: "the lab was closed before it could run", next: "Continue or cancel it" };
  }
  return {
    why: "the lab that it was submitted to is closed",
    next: "Open that lab and continue it, or cancel it",
  };
}

function isBy({ worker }: ReportedWorker, run: QueuedRun): boolean {
  return run.worker?.startsWith(`${worker}/`) ?? false;
}

function titleOf({ spec }: QueuedRun): string {
  const given = spec as RunSpec;
  if (isEvaluation(given)) return "an evaluation";
  const { scenario } = given;
  return typeof scenario === "string" ? scenario : (scenario.title ?? scenario.id ?? "a scenario");
}

function projectOf({ spec }: QueuedRun): string | undefined {
  const given = spec as RunSpec;
  return isEvaluation(given) || given.stack.kind !== "project" ? undefined : given.stack.project;
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
