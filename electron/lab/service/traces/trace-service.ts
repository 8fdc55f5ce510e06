import { readFile, writeFile } from "node:fs/promises";
import { basename } from "node:path";
import type { ExportResult } from "../../../contract/bundles.ts";
import type { EvaluateRequest, OpenedTrace } from "../../../contract/traces.ts";
import { readWholeFile } from "../../documents/read-whole-file.ts";
import { convertTrace } from "../../evaluation/convert-trace.ts";
import { EVAL_SET_LIMIT, readEvalSet } from "../../evaluation/eval-set.ts";
import { expectedSet } from "../../evaluation/expected-set.ts";
import { readMetrics } from "../../evaluation/metric.ts";
import type { RunStore } from "../../history/run-store.ts";
import { LabError } from "../../lab-error.ts";
import { tracesOfEntry } from "../../trace-entries/entry-trace.ts";
import { evaluateEntries } from "../../trace-entries/evaluate-entries.ts";
import { pullTrace } from "../../trace-entries/pull-trace.ts";
import { storeTrace } from "../../trace-entries/store-trace.ts";
import { TRACE_FILE_LIMIT } from "../../trace-files/read-trace-file.ts";
import type { HostFiles } from "../bundles/bundle-service.ts";

/** Traces without a run, and evaluations of traces and runs: into the history and out of it. */
export class TraceService {
  readonly #history: RunStore;
  readonly #onChanged: () => void;

  constructor(history: RunStore, onChanged: () => void) {
    this.#history = history;
    this.#onChanged = onChanged;
  }

  async open(upload: string, files: Pick<HostFiles, "find">, signal: AbortSignal | undefined): Promise<OpenedTrace> {
    const { file, fileName } = files.find(upload);
    return this.#store({ content: readWholeFile(file, TRACE_FILE_LIMIT), name: fileName }, signal);
  }

  async pull(address: string, traceId: string, signal = new AbortController().signal): Promise<OpenedTrace> {
    return this.#store(await pullTrace(address, traceId, signal), signal);
  }

  async evaluate(
    { runIds, evalSet, metrics, match = "EXACT" }: EvaluateRequest,
    files: Pick<HostFiles, "find">,
    signal = new AbortController().signal,
  ): Promise<{ runId: string; outcome: string }> {
    this.#history.assertWritable();
    const thresholds = new Map(
      metrics.flatMap(({ name, threshold }) => (threshold === undefined ? [] : [[name, threshold] as const])),
    );
    const evaluated = await evaluateEntries(this.#history, {
      ...{ runIds, match, signal },
      metrics: readMetrics(
        metrics.map(({ name }) => name),
        thresholds,
      ),
      evalSet: evalSet === null ? undefined : await readSet(files.find(evalSet).file),
    });
    this.#onChanged();
    return evaluated;
  }

  /** The turns of a trace or a run as an eval set that expects them. */
  async saveExpected(
    runId: string,
    files: Pick<HostFiles, "open">,
    signal = new AbortController().signal,
  ): Promise<ExportResult> {
    const { title, traces } = await tracesOfEntry(this.#history, runId, signal);
    const turns = traces.flatMap((trace) => convertTrace(trace).invocations);
    if (turns.length === 0) {
      throw new LabError("bad-input", "no turn of an agent was found in it", {
        hint: "a turn is a step that asks an agent, or a span by the conventions for agents: resources/docs/traces.md",
      });
    }
    const id = `expected-${runId.slice(0, 8)}`;
    const outgoing = await files.open(`${id}.json`);
    if (outgoing === undefined) return { kind: "cancelled" };
    const text = expectedSet(id, basename(title), turns);
    await writeFile(outgoing.file, text, { mode: 0o600 });
    return outgoing.done(Buffer.byteLength(text));
  }

  async #store(from: { content: Uint8Array; name: string }, signal: AbortSignal | undefined): Promise<OpenedTrace> {
    this.#history.assertWritable();
    const stored = await storeTrace(this.#history, from, signal);
    if (!stored.isAlreadyHere) this.#onChanged();
    return { ...stored, problems: [...stored.problems] };
  }
}

async function readSet(file: string) {
  const content = await readFile(file);
  if (content.byteLength > EVAL_SET_LIMIT) {
    throw new LabError("bad-input", `the eval set has more than ${EVAL_SET_LIMIT} bytes`);
  }
  return readEvalSet(content.toString("utf8"));
}
