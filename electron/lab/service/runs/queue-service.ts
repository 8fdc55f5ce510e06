import { randomUUID } from "node:crypto";
import type {
  AttemptOfRun,
  QueueAttemptDetail,
  QueuedRunDetail,
  QueuedRunSummary,
  QueueList,
  QueueSubmitRequest,
} from "../../../contract/queue.ts";
import { visibleLine } from "../../../model/visible-text.ts";
import type { QueueAttempt, QueuedRun, QueueStore } from "../../history/queue-store.ts";
import type { RunStore } from "../../history/run-store.ts";
import { LabError } from "../../lab-error.ts";
import type { OpenLabLabels } from "../../queue/open-lab.ts";
import type { RunResultBody } from "../../queue/run-result.ts";
import { type EvaluationSpec, isEvaluation, type RunSpec, type ScenarioSpec } from "../../queue/run-spec.ts";
import { submitRun } from "../../queue/submit-run.ts";
import { type QueueSituation, queueSituation, waitReason } from "../../queue/wait-reason.ts";
import { readScenarios, writeScenario } from "../../queue/written-scenario.ts";
import type { LoadedScenario } from "../../scenarios/load.ts";
import { SHIPPED_SCENARIOS_FOLDER } from "../../scenarios/shipped.ts";
import type { HostFiles } from "../bundles/bundle-service.ts";
import type { RunService } from "./run-service.ts";
import { evaluationSpec, sinksOf } from "./submitted-evaluation.ts";

/** Queued and running runs that are listed. */
const OPEN_LISTED = 500;

export interface QueueServiceParts {
  runs: RunService;
  labels: OpenLabLabels;
  store: RunStore;
  /** @throws LabError when no scenario has the id */
  find: (scenarioId: string) => LoadedScenario;
}

/** The whole queue of submitted runs, as a person looks through it: of windows, terminals, the HTTP API and their workers. */
export class QueueService {
  readonly #parts: QueueServiceParts;

  constructor(parts: QueueServiceParts) {
    this.#parts = parts;
  }

  async list(limit: number): Promise<QueueList> {
    const queue = await this.#parts.runs.queue();
    const [open, ended, counts, situation] = await Promise.all([
      queue.list({ states: ["queued", "running"], limit: OPEN_LISTED, isBrief: true }),
      queue.list({ states: ["ended"], limit, isBrief: true }),
      queue.counts(),
      queueSituation(queue),
    ]);
    const { window } = this.#parts.labels;
    return {
      runs: [...open.reverse(), ...ended].map((run) => this.#summaryOf(run, situation)),
      counts,
      workers: situation.workers.map(({ worker, labels, concurrency }) => {
        const ofLab = labels.find((label) => label.startsWith("lab:"));
        const which = ofLab === undefined ? null : ofLab.startsWith(window) ? "this" : "another";
        return { worker, concurrency, labels: labels.filter((label) => !label.startsWith("lab:")), window: which };
      }),
    };
  }

  /** @throws LabError for an unknown run */
  async get(runId: string): Promise<QueuedRunDetail> {
    const queue = await this.#parts.runs.queue();
    const run = await known(queue, runId);
    const [attempts, results, situation] = await Promise.all([
      queue.attempts(runId),
      queue.results(runId),
      queueSituation(queue),
    ]);
    return {
      run: this.#summaryOf(run, situation),
      attempts: await Promise.all(attempts.map((attempt) => this.#attemptOf(attempt))),
      results: results.map(({ item, evaluator, attempt, body }) => {
        const { status, score, errorText } = body as RunResultBody;
        return { item, evaluator, attempt, status, score, error: errorText };
      }),
    };
  }

  /** Which attempt a run of the history was; null for one that was not submitted. */
  async attemptOf(historyRun: string): Promise<AttemptOfRun> {
    const queue = await this.#parts.runs.queue();
    const found = await queue.attemptOf(historyRun);
    if (found === undefined) return null;
    const attempts = await queue.attempts(found.runId);
    return { ...found, attempts: attempts.length };
  }

  /** Submits runs of a scenario, or an evaluation. @throws LabError */
  async submit(request: QueueSubmitRequest, files: Pick<HostFiles, "find">): Promise<string[]> {
    if (request.is === "evaluation") return [await this.#submitted(evaluationSpec(request, files))];
    const { scenarioId, stack, without = [], repeats = 1 } = request;
    const { runs, find } = this.#parts;
    const loaded = find(scenarioId);
    if (stack.is === "open") {
      return (await runs.start([loaded], without, repeats)).map(({ entryId }) => entryId);
    }
    const { is: kind, labels, sendTo, ...rest } = stack;
    const spec = { scenario: portable(loaded), stack: { kind, ...rest }, without, repeats };
    return [await this.#submitted({ ...spec, labels, sinks: sinksOf(sendTo) })];
  }

  /** Submits the same again. @throws LabError for one that cannot be carried out again */
  async repeat(runId: string): Promise<string[]> {
    const { runs } = this.#parts;
    const { spec } = await known(await runs.queue(), runId);
    const because = notRepeatable(spec as RunSpec);
    if (because !== null) throw new LabError("bad-input", because);
    const given = spec as RunSpec;
    if (isEvaluation(given) || given.stack.kind !== "open") return [await this.#submitted(given)];
    const { scenario, without } = given;
    const loaded = typeof scenario === "string" ? [this.#parts.find(scenario)] : readScenarios(scenario);
    return (await runs.start(loaded, without, 1)).map(({ entryId }) => entryId);
  }

  /** A queued run ends at once; a running one is restored first. @throws LabError for an unknown run */
  async cancel(runId: string): Promise<void> {
    const { runs } = this.#parts;
    const ours = runs.state().active.some(({ entryId }) => entryId === runId);
    if (ours) return runs.cancel(runId);
    const run = await (await runs.queue()).cancel(runId);
    if (run === undefined) throw unknown(runId);
    await runs.countLeft();
  }

  async #submitted(spec: object): Promise<string> {
    const submitted = await submitRun(await this.#parts.runs.queue(), { runId: randomUUID(), spec });
    if (submitted.is === "conflict") throw new Error("a new id has another spec");
    return submitted.run.runId;
  }

  #summaryOf(run: QueuedRun, situation: QueueSituation): QueuedRunSummary {
    const spec = run.spec as RunSpec;
    const { runId, state, outcome, reason, attempt, maxAttempts, leaseLeftMs, cancelRequested } = run;
    const { submittedWallMs, startedWallMs, finishedWallMs } = run;
    const isOurs = run.labels.some((label) => label.startsWith(this.#parts.labels.window));
    return {
      ...{ runId, state, outcome, reason, attempt, maxAttempts, leaseLeftMs, cancelRequested },
      ...{ submittedWallMs, startedWallMs, finishedWallMs },
      ...(isEvaluation(spec) ? evaluationText(spec) : this.#scenarioText(spec)),
      labels: run.labels.filter((label) => !label.startsWith("lab:")),
      worker: run.worker === null ? null : isOurs ? "this lab" : run.worker,
      waits: waitReason(run, situation, this.#parts.labels),
      notRepeatable: notRepeatable(spec),
    };
  }

  #scenarioText({ scenario, stack, without, repeats }: ScenarioSpec): SpecText {
    const title =
      typeof scenario === "string"
        ? this.#titleOf(scenario)
        : (scenario.title ?? scenario.id ?? titleIn(scenario.source));
    return {
      ...{ kind: "scenario", title: visibleLine(title), target: stackText(stack) },
      ...{ without: [...without], repeats },
    };
  }

  /** A worker may have scenarios that this lab has not. */
  #titleOf(scenarioId: string): string {
    try {
      return this.#parts.find(scenarioId).scenario.title;
    } catch {
      return scenarioId;
    }
  }

  async #attemptOf({ historyRuns, ...attempt }: QueueAttempt): Promise<QueueAttemptDetail> {
    const { store } = this.#parts;
    const runs = await Promise.all(
      historyRuns.map(async (runId) => ((await store.has(runId)) ? store.get(runId) : undefined)),
    );
    return {
      ...attempt,
      runs: runs.flatMap((run) => {
        if (run === undefined) return [];
        const { id, scenarioTitle, outcome, reason, durationMs } = run;
        return [{ runId: id, title: visibleLine(scenarioTitle), outcome, reason, durationMs }];
      }),
    };
  }
}

type SpecText = Pick<QueuedRunSummary, "kind" | "title" | "target" | "without" | "repeats">;

/** Of a text that was submitted as it is. */
function titleIn(source: string): string {
  return /^title: *(.+)$/m.exec(source)?.[1] ?? "a scenario";
}

function stackText(stack: ScenarioSpec["stack"]): string {
  if (stack.kind === "open") return stack.project === undefined ? "the open stack" : `the open stack, ${stack.project}`;
  if (stack.kind === "project") return `project ${stack.project}`;
  if (stack.kind === "named") return `stack ${stack.name}`;
  return stack.driver === "docker" ? "reference stack on Docker" : "reference stack";
}

function evaluationText({ target, evalConfig: { metrics } }: EvaluationSpec): SpecText {
  const of =
    target.kind === "http"
      ? `trace ${target.traceId} of ${URL.parse(target.baseUrl)?.host ?? target.baseUrl}`
      : target.kind === "uploaded"
        ? target.traceFiles.join(", ")
        : "traces in the request";
  const title = `Evaluation: ${metrics.join(", ")}`;
  return { kind: "evaluation", title, target: visibleLine(of), without: [], repeats: 1 };
}

function notRepeatable(spec: RunSpec): string | null {
  if (!isEvaluation(spec) || spec.target.kind !== "uploaded") return null;
  return "Uploaded traces were evaluated when they were uploaded: they are not kept";
}

/**
 * A shipped scenario by its id, another as its text: a worker may be on another machine.
 * @throws LabError for a text with secrets, which the queue does not keep
 */
function portable(loaded: LoadedScenario): ScenarioSpec["scenario"] {
  if (loaded.file.startsWith(SHIPPED_SCENARIOS_FOLDER)) return loaded.scenario.id;
  const { file: _, sha256: __, ...written } = writeScenario(loaded);
  if (written.source === loaded.source) return written;
  throw new LabError("bad-input", "its text has secrets or personal data, which are not written into the queue", {
    hint: "run it on the open stack, where it is read from its file",
  });
}

async function known(queue: QueueStore, runId: string): Promise<QueuedRun> {
  const run = await queue.get(runId);
  if (run === undefined) throw unknown(runId);
  return run;
}

function unknown(runId: string): LabError {
  return new LabError("bad-input", `no run has the id ${runId}`, { hint: "it may have been removed meanwhile" });
}
