import { createHash } from "node:crypto";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { OUTCOMES } from "../../model/outcomes.ts";
import { temporaryFolder } from "../../testing/temporary-folder.ts";
import { openQueueStore } from "../history/open-queue-store.ts";
import { type RunResultBody, resultId, toResults } from "./run-result.ts";
import { apiStateOf, outcomesOf } from "./run-states.ts";
import { submitRun } from "./submit-run.ts";

const RUN = "0B7F6C1E-9D4B-4E57-8B63-1D2A7E9C5F10";

async function openQueue() {
  const queue = await openQueueStore({ kind: "sqlite", file: join(temporaryFolder(), "history.db") });
  onTestFinished(() => queue.close());
  return queue;
}

describe("submitting a run", () => {
  test("with an id that is there and an equal spec gives the run that is there; neither key order nor defaults matter", async () => {
    const queue = await openQueue();
    const first = await submitRun(queue, {
      runId: RUN,
      spec: { scenario: "mcp-crash", without: ["budget"], note: { a: 1, b: [] } },
    });
    expect(first).toMatchObject({ is: "accepted", isNew: true, run: { runId: RUN.toLowerCase(), state: "queued" } });
    await queue.cancel(RUN.toLowerCase());
    const again = await submitRun(queue, {
      spec: {
        note: { b: [], a: 1 },
        repeats: 1,
        without: ["budget"],
        stack: { kind: "reference" },
        scenario: "mcp-crash",
      },
      runId: RUN.toLowerCase(),
    });
    expect(again).toMatchObject({ is: "accepted", isNew: false, run: { state: "ended", outcome: "cancelled" } });
  });

  test("keeps no secrets of traces and eval sets, and ids of spans as they are; in another order of keys it is the same run", async () => {
    const queue = await openQueue();
    const span = (names: string[]) =>
      Object.fromEntries(names.map((name) => [name, name === "traceId" ? "4242424242424242" : `${name}@example.com`]));
    const specOf = (...names: string[]) => ({
      target: { kind: "inline", data: { spans: [span(names)] } },
      evalSet: { cases: [{ said: "ask ann@example.com" }] },
      evalConfig: { metrics: ["tool_trajectory_avg_score"] },
    });
    const first = await submitRun(queue, { runId: RUN, spec: specOf("traceId", "ann", "bob") });
    const spans = [{ ann: "[redacted: email 1]", bob: "[redacted: email 2]", traceId: "4242424242424242" }];
    const evalSet = { cases: [{ said: "ask [redacted: email 1]" }] };
    expect(first).toMatchObject({ is: "accepted", run: { spec: { target: { data: { spans } }, evalSet } } });
    const again = await submitRun(queue, { runId: RUN, spec: specOf("bob", "ann", "traceId") });
    expect(again).toMatchObject({ is: "accepted", isNew: false });
    const kept = await submitRun(queue, { runId: RUN, spec: again.is === "accepted" ? again.run.spec : undefined });
    expect(kept).toMatchObject({ is: "accepted", isNew: false });
  });

  test.each([
    { scenario: "retry-storm" },
    { scenario: "mcp-crash", repeats: 2 },
    { scenario: "mcp-crash", unknown: 1 },
  ])("with an id that is there and another spec is a conflict that shows the persisted one: %o", async (spec) => {
    const queue = await openQueue();
    await submitRun(queue, { runId: RUN, spec: { scenario: "mcp-crash" } });
    expect(await submitRun(queue, { runId: RUN, spec })).toMatchObject({
      is: "conflict",
      persisted: { state: "queued", spec: { scenario: "mcp-crash", repeats: 1 } },
    });
  });

  test.each([
    { spec: {} },
    { spec: { scenario: "mcp-crash", repeats: 0 } },
    { runId: "7", spec: { scenario: "mcp-crash" } },
    { spec: { target: { kind: "ftp" } } },
    { spec: { target: { kind: "uploaded", traceCount: 1, traceFiles: [] } } },
    { spec: { target: { kind: "inline", data: {} }, evalConfig: { metrics: ["/bin/evil.py"] } } },
    { spec: { scenario: "mcp-crash", sinks: [{ kind: "file", path: "../../etc/cron.d/x" }] } },
    {
      spec: {
        scenario: "mcp-crash",
        sinks: [{ kind: "http_webhook", url: "http://h", headersFromEnv: { a: "HOME" } }],
      },
    },
  ])("is refused for what cannot be carried out, or would reach beyond the run: %j", async (given) => {
    await expect(submitRun(await openQueue(), given)).rejects.toThrow();
  });

  test("on a stack that is attached has one attempt; what its stack needs are labels", async () => {
    const queue = await openQueue();
    const run = async (stack: object) => {
      const answer = await submitRun(queue, { spec: { scenario: "mcp-crash", stack, labels: ["eu"] } });
      return answer.is === "accepted" ? answer.run : undefined;
    };
    expect(await run({ kind: "project", project: "shop" })).toMatchObject({ maxAttempts: 1, labels: ["docker", "eu"] });
    const open = { kind: "open", lab: "lab:1:a", project: "shop" };
    expect(await run({ ...open, hasOneAttempt: true })).toMatchObject({ maxAttempts: 1, labels: ["eu", "lab:1:a"] });
    expect(await run({ ...open, hasOneAttempt: false })).toMatchObject({ maxAttempts: 3 });
    expect(await run({ kind: "named", name: "small" })).toMatchObject({
      maxAttempts: 3,
      labels: ["eu", "stack:small"],
    });
    expect(await run({ kind: "reference" })).toMatchObject({ maxAttempts: 3, labels: ["eu"], deadlineMs: 900_000 });
  });
});

test("a run whose checks failed has succeeded; one that could not be carried out has failed", () => {
  const states = Object.fromEntries(OUTCOMES.map((outcome) => [outcome, apiStateOf({ state: "ended", outcome })]));
  expect(states).toEqual({
    passed: "succeeded",
    failed: "succeeded",
    inconclusive: "succeeded",
    precondition: "failed",
    residue: "failed",
    interrupted: "failed",
    error: "failed",
    cancelled: "cancelled",
  });
  expect(outcomesOf(["succeeded"])).toEqual(["passed", "failed", "inconclusive"]);
});

test("a result's id is derived from run, item and evaluator; an evaluator that is named twice keeps both results", () => {
  const expected = createHash("sha256").update(`${RUN.toLowerCase()}|t-1|response_match_score`).digest("hex");
  expect(resultId(RUN, "t-1", "response_match_score")).toBe(expected);
  const body = {} as RunResultBody;
  const results = toResults(RUN, "i", [
    { evaluator: "e", body },
    { evaluator: "e", body },
  ]);
  expect(results.map(({ evaluator }) => evaluator)).toEqual(["e", "e #2"]);
  expect(new Set(results.map((result) => result.resultId)).size).toBe(2);
});
