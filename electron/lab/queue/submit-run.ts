import { randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import type { QueuedRun, QueueStore } from "../history/queue-store.ts";
import { LabError } from "../lab-error.ts";
import { isEvaluation, type RunSpec } from "./run-spec.ts";
import { writeSpec } from "./write-spec.ts";

export const MAX_ATTEMPTS = 3;
/** Of all runs of a database. */
export const QUEUED_RUNS_LIMIT = 10_000;

/** As many runs wait as may. */
export class QueueFull extends LabError {
  constructor() {
    const limit = QUEUED_RUNS_LIMIT.toLocaleString("en");
    super("busy", `${limit} runs wait already, and no more may`, {
      hint: {
        terminal: "cancel some, start more workers (resilience-lab worker), or submit it again later",
        window: "Cancel some on the page Queue, start more workers (resilience-lab worker), or submit it again later",
      },
    });
  }
}

const request = z.strictObject({ runId: z.uuid().optional(), spec: z.unknown() });

export type Submitted = { is: "accepted"; run: QueuedRun; isNew: boolean } | { is: "conflict"; persisted: QueuedRun };

/**
 * Submits a run. An id that is there already gives its run, in whatever state, when the specs are equal as they are
 * written, and a conflict else.
 * @param given `{runId?, spec}` @throws ZodError for another shape; LabError for a spec that cannot be carried out; QueueFull
 */
export async function submitRun(queue: QueueStore, given: unknown): Promise<Submitted> {
  const { runId = randomUUID(), spec: unread } = request.parse(given);
  const spec = writeSpec(unread);
  if (isEvaluation(spec) && spec.target.kind === "uploaded") {
    throw new LabError("bad-input", "uploaded traces were evaluated when they were uploaded: they cannot be again", {
      hint: "give the traces inline, or by http",
    });
  }
  const submitted = await queue.submit(
    {
      runId: runId.toLowerCase(),
      spec,
      labels: labelsOf(spec),
      maxAttempts: hasOneAttempt(spec) ? 1 : MAX_ATTEMPTS,
      deadlineMs: Math.round(spec.deadlineS * 1000),
    },
    QUEUED_RUNS_LIMIT,
  );
  if (submitted === undefined) throw new QueueFull();
  const { run, isNew } = submitted;
  return isNew || isDeepStrictEqual(run.spec, spec)
    ? { is: "accepted", run, isNew }
    : { is: "conflict", persisted: run };
}

/** A stack that a person attached is not broken again because a worker died. */
function hasOneAttempt(spec: RunSpec): boolean {
  if (isEvaluation(spec)) return false;
  return spec.stack.kind === "project" || (spec.stack.kind === "open" && spec.stack.hasOneAttempt);
}

/** Those that it asks for, and what its stack needs. */
function labelsOf(spec: RunSpec): string[] {
  const needed = isEvaluation(spec) ? [] : stackLabels(spec.stack);
  return [...new Set([...spec.labels, ...needed])].sort();
}

function stackLabels(stack: Exclude<RunSpec, { target: unknown }>["stack"]): string[] {
  if (stack.kind === "open") return [stack.lab];
  if (stack.kind === "named") return [stackLabel(stack.name)];
  return stack.kind === "project" || stack.driver === "docker" ? ["docker"] : [];
}

export function stackLabel(name: string): string {
  return `stack:${name}`;
}
