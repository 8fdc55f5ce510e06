import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { QueueSubmitRequest } from "../../../contract/queue.ts";
import { temporaryFolder } from "../../../testing/temporary-folder.ts";
import { evaluateOnThread } from "../../queue/evaluation-thread.ts";
import type { EvaluationSpec } from "../../queue/run-spec.ts";
import { writeSpec } from "../../queue/write-spec.ts";
import { evaluationSpec } from "./submitted-evaluation.ts";

const TRACES = join(import.meta.dirname, "..", "..", "evaluation", "testing", "traces");
const UPLOAD = "0b7f6c1e-9d4b-4e57-8b63-1d2a7e9c5f10";
const SET = "1b7f6c1e-9d4b-4e57-8b63-1d2a7e9c5f10";

const request = (more: object = {}) =>
  ({
    is: "evaluation",
    traces: { is: "file", upload: UPLOAD },
    evalSet: SET,
    metrics: [{ name: "tool_trajectory_avg_score" }, { name: "tool_calls", threshold: 5 }],
    match: "IN_ORDER",
    labels: ["eu"],
    sendTo: { url: "https://example.com/hook", file: "runs.ndjson" },
    ...more,
  }) as Extract<QueueSubmitRequest, { is: "evaluation" }>;

const files = (traces: string) => ({
  find: (upload: string) => ({
    file: upload === SET ? join(TRACES, "eval_set_helm.json") : traces,
    fileName: "traces",
  }),
});

test("traces of a file are written into the queue without personal data, and evaluated as the file is", async () => {
  const file = join(TRACES, "helm.json");
  const given = readFileSync(file, "utf8");
  expect(given).toContain("admin@kagent.dev");
  const spec = writeSpec(evaluationSpec(request(), files(file))) as EvaluationSpec;
  expect(JSON.stringify(spec)).not.toContain("admin@kagent.dev");
  expect(spec).toMatchObject({
    labels: ["eu"],
    sinks: [
      { kind: "http_webhook", url: "https://example.com/hook" },
      { kind: "file", path: "runs.ndjson" },
    ],
    evalConfig: { thresholds: { tool_calls: 5 }, trajectoryMatchType: "IN_ORDER" },
  });
  const { target, evalConfig, evalSet } = spec;
  if (target.kind !== "inline") throw new Error("the traces are not in it");
  const [kept, original] = await Promise.all(
    [JSON.stringify(target.data), given].map(async (text) => {
      const asked = { files: [{ bytes: Buffer.from(text) }], config: evalConfig, evalSet };
      const { evaluations } = await evaluateOnThread(asked, new AbortController().signal, async () => {});
      return evaluations.map(({ traceId, performance, metrics }) => [
        traceId,
        performance,
        metrics.map(({ metric, score }) => [metric, score]),
      ]);
    }),
  );
  expect(kept).toEqual(original);
  expect(kept?.length).toBeGreaterThan(0);
});

test("a file that is too large for a row, or no JSON document, is refused with what to do", () => {
  const file = join(temporaryFolder(), "traces.jsonl");
  writeFileSync(file, "{}\n{}\n");
  expect(() => evaluationSpec(request(), files(file))).toThrow("traces is not one JSON document");
  writeFileSync(file, Buffer.alloc(2 * 1024 * 1024 + 1, " "));
  expect(() => evaluationSpec(request(), files(file))).toThrow(/too large: 2049 KiB, at most 2048 KiB/);
});
