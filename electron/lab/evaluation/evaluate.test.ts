import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readTraceFile } from "../trace-files/read-trace-file.ts";
import { readEvalSet } from "./eval-set.ts";
import { evaluateTrace } from "./evaluate.ts";
import { readMetrics } from "./metric.ts";
import { stem } from "./porter-stemmer.ts";
import { responseMatch } from "./response-match.ts";
import type { TrajectoryMatch } from "./tool-trajectory.ts";

const sample = (name: string) => readFileSync(join(import.meta.dirname, "testing", "traces", name), "utf8");
const HELM_SET = sample("eval_set_helm.json");
const { signal } = new AbortController();

interface Given {
  trace?: string;
  evalSet?: string | undefined;
  metrics?: string[];
  thresholds?: [string, number][];
  match?: TrajectoryMatch;
}

async function evaluate({
  trace = sample("helm.json"),
  evalSet = HELM_SET,
  metrics,
  thresholds = [],
  match = "EXACT",
}: Given) {
  const [first] = readTraceFile(Buffer.from(trace)).traces;
  if (first === undefined) throw new Error("no trace");
  return evaluateTrace(first, {
    metrics: readMetrics(metrics ?? ["tool_trajectory_avg_score", "response_match_score"], new Map(thresholds)),
    match,
    evalSet: evalSet === "" ? undefined : readEvalSet(evalSet),
    signal,
  });
}

describe("published scores", () => {
  test.each([
    ["helm.json", 1, 0.811881],
    ["tempo_export_with_batches.json", 1, 0.646465],
  ])("%s: trajectory %d, response %d", async (name, trajectory, response) => {
    const { metrics, invocations } = await evaluate({ trace: sample(name) });
    expect(invocations).toHaveLength(1);
    expect(metrics.map(({ status }) => status)).toEqual(["passed", "passed"]);
    expect(metrics[0]?.score).toBe(trajectory);
    expect(metrics[1]?.score).toBeCloseTo(response, 6);
  });

  test("stems are those of NLTK, word for word", () => {
    const stems = JSON.parse(readFileSync(join(import.meta.dirname, "testing", "nltk-stems.json"), "utf8")) as Record<
      string,
      string
    >;
    expect(Object.keys(stems)).toHaveLength(200);
    expect(Object.fromEntries(Object.keys(stems).map((word) => [word, stem(word)]))).toEqual(stems);
  });

  test.each([
    ["the cat sat", "the cat sat", 1],
    ["the cat sat", "a dog ran", 0],
    ["the cat", "the the the", 0.4],
    ["Releases, deployed!", "release deploying", 1],
    ["", "something", 0],
    ["日本", "日本", 0],
  ])("%j against %j is %d", (expected, actual, score) => {
    expect(responseMatch(expected, actual)).toBeCloseTo(score, 9);
  });
});

describe("the tools that were used", () => {
  /** A trace in which an agent uses tools, by the Agent Development Kit's conventions. */
  const traceOf = (uses: readonly [string, object][]) => {
    const span = (spanId: string, name: string, at: number, attributes: object, parentSpanId?: string) => ({
      traceId: "ab".repeat(16),
      spanId: spanId.padStart(16, "0"),
      ...(parentSpanId === undefined ? {} : { parentSpanId: parentSpanId.padStart(16, "0") }),
      name,
      startTimeUnixNano: String(at * 1e6),
      endTimeUnixNano: String((at + 1) * 1e6),
      attributes,
    });
    const request = JSON.stringify({ contents: [{ role: "user", parts: [{ text: "do it" }] }] });
    const response = JSON.stringify({ content: { parts: [{ text: "done" }] } });
    const prefix = "gcp.vertex.agent";
    const spans = [
      span("1", "invoke_agent a", 1, { [`${prefix}.session_id`]: "s" }),
      span("2", "call_llm", 2, { [`${prefix}.llm_request`]: request, [`${prefix}.llm_response`]: response }, "1"),
      ...uses.map(([name, given], at) =>
        span(
          String(at + 3),
          `execute_tool ${name}`,
          at + 3,
          { [`${prefix}.tool_call_args`]: JSON.stringify(given) },
          "2",
        ),
      ),
    ];
    return JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] });
  };
  const setOf = (uses: readonly [string, object][]) =>
    JSON.stringify({
      eval_set_id: "s",
      eval_cases: [
        {
          eval_id: "c",
          conversation: [
            {
              invocation_id: "i",
              user_content: { role: "user", parts: [{ text: "Do it" }] },
              intermediate_data: { tool_uses: uses.map(([name, args]) => ({ name, args })) },
            },
          ],
        },
      ],
    });
  const [a, b, c] = [
    ["a", { x: 1 }],
    ["b", {}],
    ["c", { y: { z: [1] } }],
  ] as [string, object][] as [[string, object], [string, object], [string, object]];
  const scoreOf = async (expected: [string, object][], actual: [string, object][], match: TrajectoryMatch) => {
    const { metrics } = await evaluate({
      trace: traceOf(actual),
      evalSet: setOf(expected),
      metrics: ["tool_trajectory_avg_score"],
      match,
    });
    return metrics[0]?.score;
  };

  test.each<[string, [string, object][], [string, object][], number[]]>([
    ["the same", [a, b], [a, b], [1, 1, 1]],
    ["one more between", [a, c], [a, b, c], [0, 1, 1]],
    ["another order", [a, b], [b, a], [0, 0, 1]],
    ["one missing", [a, b], [a], [0, 0, 0]],
    ["twice where once is expected", [a], [a, a], [0, 1, 1]],
    ["once where twice is expected", [a, a], [a], [0, 0, 0]],
    ["none expected, none used", [], [], [1, 1, 1]],
    ["none expected, one used", [], [a], [0, 1, 1]],
    ["another argument", [a], [["a", { x: "1" }]], [0, 0, 0]],
    ["an argument more", [b], [["b", { x: 1 }]], [0, 0, 0]],
    ["keys in another order", [["a", { x: 1, y: 2 }]], [["a", { y: 2, x: 1 }]], [1, 1, 1]],
  ])("%s: EXACT, IN_ORDER, ANY_ORDER", async (_, expected, actual, scores) => {
    const kinds: TrajectoryMatch[] = ["EXACT", "IN_ORDER", "ANY_ORDER"];
    expect(await Promise.all(kinds.map((match) => scoreOf(expected, actual, match)))).toEqual(scores);
  });

  test("a difference is told at the field", async () => {
    const differing = async (
      expected: [string, object][],
      actual: [string, object][],
      match: TrajectoryMatch = "EXACT",
    ) => {
      const { metrics } = await evaluate({
        ...{ trace: traceOf(actual), evalSet: setOf(expected), match },
        metrics: ["tool_trajectory_avg_score"],
      });
      return metrics[0]?.comparisons?.[0]?.difference;
    };
    expect(await differing([a], [["a", { x: 2 }]])).toBe("use 1, a: argument x is 2, expected 1");
    expect(await differing([a], [["a", {}]])).toBe("use 1, a: argument x is absent, expected 1");
    expect(await differing([a, b], [a, c])).toBe("use 2: expected b, got c");
    expect(await differing([a, b], [a])).toBe("use 2: b is missing");
    expect(await differing([a], [a, b])).toBe("use 2: b was not expected");
    expect(await differing([a, b], [c, a], "IN_ORDER")).toBe("b is missing");
    expect(await differing([a, b], [b, a], "IN_ORDER")).toBe("b is missing");
    expect(await differing([a, b], [c, b, ["a", { x: 2 }]], "ANY_ORDER")).toBe("a: argument x is 2, expected 1");
    expect(await differing([a, a], [a, c], "ANY_ORDER")).toBe("a is missing");
  });
});

describe("what is green", () => {
  test("thresholds apply to each metric, and one applies to all others", async () => {
    const strict = await evaluate({ thresholds: [["response_match_score", 0.9]] });
    expect(strict.metrics.map(({ status, threshold }) => [status, threshold])).toEqual([
      ["passed", 0.5],
      ["failed", 0.9],
    ]);
    const all = await evaluate({
      thresholds: [
        ["", 0.9],
        ["response_match_score", 0.8],
      ],
    });
    expect(all.metrics.map(({ status, threshold }) => [status, threshold])).toEqual([
      ["passed", 0.9],
      ["passed", 0.8],
    ]);
  });

  test("without an eval set a metric that needs one is an error, not a pass", async () => {
    const { metrics } = await evaluate({ evalSet: "" });
    for (const result of metrics)
      expect(result).toMatchObject({ status: "errored", score: null, error: expect.stringContaining("eval set") });
  });

  const { eval_cases: cases, ...rest } = JSON.parse(HELM_SET) as { eval_cases: { conversation: object[] }[] };
  const asking = (text: string) => {
    const [case0] = structuredClone(cases) as [
      { eval_id: string; conversation: [{ user_content: { parts: [{ text: string }] } }] },
    ];
    case0.conversation[0].user_content.parts[0].text = text;
    case0.eval_id = text;
    return case0;
  };

  test("the case is the one that begins with the same text; of several that do not, none is taken", async () => {
    const found = await evaluate({
      evalSet: JSON.stringify({ ...rest, eval_cases: [asking("other"), asking(" LIST all helm releases ")] }),
    });
    expect(found.metrics.map(({ status }) => status)).toEqual(["passed", "passed"]);
    const none = await evaluate({ evalSet: JSON.stringify({ ...rest, eval_cases: [asking("one"), asking("two")] }) });
    for (const result of none.metrics) {
      expect(result).toMatchObject({
        status: "errored",
        error: expect.stringMatching(/none of the 2 cases .* begins with "list all Helm releases"/),
      });
    }
  });

  test("of several cases that begin alike it is the one whose every text is the trace's; else that is said", async () => {
    const longer = asking("list all Helm releases");
    const evalSet = (...eval_cases: object[]) => JSON.stringify({ ...rest, eval_cases });
    const [turn] = longer.conversation;
    longer.conversation.push({ ...(turn as object), user_content: { parts: [{ text: "and then?" }] } } as never);
    const [same] = cases;
    const found = await evaluate({ evalSet: evalSet(longer, same as object) });
    expect(found.metrics.map(({ status }) => status)).toEqual(["passed", "passed"]);
    expect(found.warnings).toEqual([]);
    const doubtful = await evaluate({ evalSet: evalSet(longer, longer) });
    expect(doubtful.warnings).toEqual([expect.stringMatching(/2 cases of helm_eval_set begin with the same text/)]);
  });

  test("a set in the kit's newer form, and in its other names, expects the same", async () => {
    const camel = HELM_SET.replaceAll(/"([a-z]+(?:_[a-z]+)+)":/g, (all, name: string) =>
      all.replace(
        name,
        name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
      ),
    );
    expect(camel).toContain('"evalCases":');
    expect((await evaluate({ evalSet: camel })).metrics).toMatchObject([{ score: 1 }, { status: "passed" }]);
    const newer = structuredClone(cases[0]) as { conversation: [{ intermediate_data: Record<string, unknown> }] };
    const [{ intermediate_data: data }] = newer.conversation;
    const calls = (data.tool_uses as object[]).map((call) => ({ function_call: call }));
    delete data.tool_uses;
    data.invocation_events = [{ author: "agent", content: { role: "model", parts: calls } }];
    const { metrics } = await evaluate({ evalSet: JSON.stringify({ ...rest, eval_cases: [newer] }) });
    expect(metrics).toMatchObject([{ score: 1, comparisons: [{ expected: [{ name: expect.any(String) }] }] }, {}]);
  });

  test("a sole case is used, with a warning when it begins otherwise", async () => {
    const { metrics, warnings } = await evaluate({
      evalSet: JSON.stringify({ ...rest, eval_cases: [asking("other")] }),
    });
    expect(metrics[0]).toMatchObject({ status: "passed" });
    expect(warnings).toEqual([
      expect.stringMatching(/the only case of helm_eval_set, other, begins with another text/),
    ]);
  });

  test("an expected turn that the trace does not have is no pass", async () => {
    const [only] = cases;
    const twice = { ...only, conversation: [only?.conversation[0], only?.conversation[0]] };
    const { metrics } = await evaluate({ evalSet: JSON.stringify({ ...rest, eval_cases: [twice] }) });
    expect(metrics[0]).toMatchObject({
      status: "failed",
      score: 1,
      error: "1 turns in the trace, 2 expected: 1 compared",
    });
  });

  test("a trace without an agent is an error, also for a limit", async () => {
    const trace = JSON.stringify({
      resourceSpans: [
        {
          scopeSpans: [
            { spans: [{ traceId: "ab".repeat(16), spanId: "cd".repeat(8), name: "GET /", startTimeUnixNano: "1" }] },
          ],
        },
      ],
    });
    const { metrics, warnings } = await evaluate({
      trace,
      metrics: ["tool_calls", "response_match_score"],
      thresholds: [["tool_calls", 5]],
    });
    expect(metrics.map(({ status }) => status)).toEqual(["errored", "errored"]);
    expect(warnings.join()).toContain("no turn of an agent");
  });

  test("a limit on time, tokens and counts is not to be exceeded", async () => {
    const limits: [string, number][] = [
      ["latency_ms", 4164],
      ["total_tokens", 3906],
      ["input_tokens", 3775],
      ["llm_calls", 2],
      ["tool_calls", 0],
    ];
    const { metrics } = await evaluate({ evalSet: "", metrics: limits.map(([name]) => name), thresholds: limits });
    expect(metrics.map(({ metric, score, status }) => [metric, Math.round(score ?? -1), status])).toEqual([
      ["latency_ms", 4164, "passed"],
      ["total_tokens", 3906, "passed"],
      ["input_tokens", 3776, "failed"],
      ["llm_calls", 2, "passed"],
      ["tool_calls", 1, "failed"],
    ]);
  });

  test("a limit on what the trace does not tell is an error, not a pass", async () => {
    const text = sample("helm.json");
    const limits: [string, number][] = [
      ["total_tokens", 1e9],
      ["latency_ms", 1e9],
    ];
    const given = { evalSet: "", metrics: limits.map(([name]) => name), thresholds: limits };
    const silent = text.replaceAll("gen_ai.usage.", "other.usage.").replaceAll("usage_metadata", "other");
    const uncounted = await evaluate({ ...given, trace: silent });
    expect(uncounted.metrics.map(({ status }) => status)).toEqual(["errored", "passed"]);
    const open = JSON.parse(text) as { data: { spans: { operationName: string; duration?: number }[] }[] };
    for (const span of open.data[0]?.spans ?? [])
      if (span.operationName.startsWith("invoke_agent")) delete span.duration;
    const unended = await evaluate({ ...given, trace: JSON.stringify(open) });
    expect(unended.metrics.map(({ status }) => status)).toEqual(["passed", "errored"]);
  });

  test.each<[string[], [string, number][], RegExp]>([
    [["no_such_metric"], [], /there is no metric "no_such_metric"/],
    [["latency_ms"], [], /latency_ms needs its limit/],
    [["response_match_score"], [["", 2]], /the threshold of response_match_score is 2/],
    [["response_match_score"], [["tool_calls", 2]], /a threshold for tool_calls, which is not among the metrics/],
  ])("metrics %j with thresholds %j are refused", (metrics, thresholds, message) => {
    expect(() => readMetrics(metrics, new Map(thresholds))).toThrow(message);
  });

  test.each([
    ["not json", /the eval set is not JSON/],
    ["{}", /eval_set_id/],
    ['{"eval_set_id": "x", "eval_cases": []}', /eval_cases/],
    [
      '{"eval_set_id": "x", "eval_cases": [{"eval_id": "c", "conversation_scenario": {}}]}',
      /a case needs a conversation/,
    ],
  ])("the eval set %j is refused, naming the place", (text, message) => {
    expect(() => readEvalSet(text)).toThrow(message);
  });
});
