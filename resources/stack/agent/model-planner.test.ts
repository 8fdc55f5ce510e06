import { afterEach, describe, expect, test } from "vitest";
import { type RunningService, readJsonObject, sendJson, serve } from "../http/serve.ts";
import type { ChatMessage } from "./chat-completions.ts";
import { modelPlanner } from "./model-planner.ts";
import type { CallResult, PlanOutcome, Toolbox } from "./planner.ts";

interface ChatRequest {
  model: string;
  messages: ChatMessage[];
  tools?: unknown[];
}

let endpoint: RunningService | undefined;
let requests: { body: ChatRequest; authorization: string | undefined }[] = [];
afterEach(() => endpoint?.stop());

type Answer = { status?: number; body: unknown } | undefined;

/** A chat completions endpoint that sends these replies in order and repeats the last one; undefined hangs. */
async function modelAnswering(...answers: [Answer, ...Answer[]]): Promise<string> {
  requests = [];
  const handle: Parameters<typeof serve>[0]["handle"] = async (request, response) => {
    const body = (await readJsonObject(request)) as unknown as ChatRequest;
    requests.push({ body, authorization: request.headers.authorization });
    const answer = answers[Math.min(requests.length, answers.length) - 1];
    if (answer) sendJson(response, answer.status ?? 200, answer.body);
  };
  endpoint = await serve({ name: "model", host: "127.0.0.1", port: 0, allowedHosts: [], graceMs: 1, handle });
  return `${endpoint.url}/v1`;
}

const completion = (content: string): Answer => ({
  body: {
    id: "c",
    object: "chat.completion",
    choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content } }],
  },
});

const calls = (...wanted: [string, string][]): Answer => {
  const tool_calls = wanted.map(([name, args], index) => ({
    id: `call_${index}`,
    type: "function",
    function: { name, arguments: args },
  }));
  const message = { role: "assistant", content: null, tool_calls };
  return {
    body: { id: "c", object: "chat.completion", choices: [{ index: 0, finish_reason: "tool_calls", message }] },
  };
};

const made: [string, unknown][] = [];
function toolbox(refuse = false): Toolbox {
  made.length = 0;
  return {
    tools: [{ name: "lookup_charge", description: "Looks up", inputSchema: { type: "object" } }],
    missing: [],
    call: async (tool, args): Promise<CallResult> => {
      made.push([tool, args]);
      const record = { tool, arguments: args, durationMs: 1 };
      if (!refuse) return { record: { ...record, outcome: "ok", text: "25.00 USD" }, structured: {} };
      const error = { code: -32001, message: "denied by policy: no", decision: "deny" };
      return { record: { ...record, outcome: "error", error }, structured: {} };
    },
  };
}

function plan(
  url: string,
  box = toolbox(),
  signal = new AbortController().signal,
  deadlineMs = 5_000,
): Promise<PlanOutcome> {
  return modelPlanner({ url, model: "test-model", apiKey: "sk-secret", deadlineMs }).plan("What is ch_1?", box, signal);
}

const toolMessages = () =>
  requests
    .at(-1)
    ?.body.messages.filter(({ role }) => role === "tool")
    .map(({ content }) => content);

test("an answer with neither text nor a call is reported as that", async () => {
  expect(await plan(await modelAnswering(completion("  ")))).toEqual({
    intent: "model",
    answer: "The model gave no answer.",
    error: "the model answered neither text nor a tool call",
  });
});

describe("a model", () => {
  test("receives the tools, has its calls executed, receives the results and gives the answer", async () => {
    const url = await modelAnswering(calls(["lookup_charge", '{"charge_id":"ch_1"}']), completion("It is 25.00 USD."));
    expect(await plan(url)).toEqual({ intent: "model", answer: "It is 25.00 USD." });
    expect(made).toEqual([["lookup_charge", { charge_id: "ch_1" }]]);
    expect(requests[0]).toMatchObject({
      authorization: "Bearer sk-secret",
      body: {
        model: "test-model",
        tools: [{ type: "function", function: { name: "lookup_charge", parameters: { type: "object" } } }],
      },
    });
    expect(requests[1]?.body.messages.slice(1)).toMatchObject([
      { role: "user", content: "What is ch_1?" },
      { role: "assistant", tool_calls: [{ id: "call_0" }] },
      { role: "tool", tool_call_id: "call_0", content: "25.00 USD" },
    ]);
  });

  test("receives a refusal; the same call is not made twice", async () => {
    const wanted: [string, string] = ["lookup_charge", '{"charge_id":"ch_1"}'];
    const url = await modelAnswering(calls(wanted), calls(wanted, ["lookup_charge", "{}"]), completion("Refused."));
    expect((await plan(url, toolbox(true))).answer).toBe("Refused.");
    expect(made).toEqual([
      ["lookup_charge", { charge_id: "ch_1" }],
      ["lookup_charge", {}],
    ]);
    expect(toolMessages()?.[1]).toContain("was not called again");
  });

  test("that requests an unknown tool, or sends no arguments object, makes no call", async () => {
    const url = await modelAnswering(
      calls(["create_refund", "{}"], ["lookup_charge", "[1]"], ["lookup_charge", "{"]),
      completion("Sorry."),
    );
    expect((await plan(url)).answer).toBe("Sorry. No tool named create_refund is available.");
    expect(made).toEqual([]);
    expect(toolMessages()).toHaveLength(3);
  });

  test("that never gives an answer is stopped after eight rounds", async () => {
    const url = await modelAnswering(calls(["lookup_charge", "{}"]));
    const outcome = await plan(url);
    expect(outcome.error).toContain("8 rounds");
    expect([requests.length, made.length]).toEqual([8, 8]);
  });
});

describe("an endpoint failure is reported with URL and cause, without the key", () => {
  test.each<[string, Answer, RegExp]>([
    [
      "refuses",
      { status: 401, body: { error: { message: "Incorrect API key" } } },
      /answered HTTP 401: Incorrect API key/,
    ],
    ["breaks", { status: 500, body: "oops" }, /answered HTTP 500: "oops"/],
    ["answers something else", { body: { hello: 1 } }, /did not answer a chat completion/],
    ["answers no choice", { body: { choices: [] } }, /did not answer a chat completion/],
  ])("%s", async (_what, answer, expected) => {
    const outcome = await plan(await modelAnswering(answer));
    expect(outcome.error).toMatch(expected);
    expect(outcome.error).not.toContain("sk-secret");
    expect(outcome.answer).toBe("The model could not be used.");
  });

  test("hangs", async () => {
    const outcome = await plan(await modelAnswering(undefined), toolbox(), undefined, 30);
    expect(outcome.error).toContain("did not answer within 30 ms");
  });

  test("does not listen", async () => {
    const url = await modelAnswering(undefined);
    await endpoint?.stop();
    expect((await plan(url)).error).toMatch(/\/v1\/chat\/completions could not be reached/);
  });
});

test("a cancelled run stops waiting for the model", async () => {
  const cancelled = new AbortController();
  const outcome = plan(await modelAnswering(undefined), toolbox(), cancelled.signal);
  cancelled.abort();
  await expect(outcome).rejects.toThrow(/abort/i);
});
