import { describe, expect, test } from "vitest";
import { readTraceFile } from "../trace-files/read-trace-file.ts";
import type { Attributes, TraceSpan } from "../trace-files/trace.ts";
import { convertTrace } from "./convert-trace.ts";

interface GivenSpan {
  id: string;
  parent?: string;
  name?: string;
  at: number;
  attributes?: Record<string, unknown>;
  events?: object[];
}

/** The turns of a trace with these spans, each a millisecond long unless spans below it take longer. */
function turnsOf(...given: GivenSpan[]) {
  const idOf = (name: string) => Buffer.from(name.padEnd(8).slice(0, 8)).toString("hex");
  const end = Math.max(...given.map(({ at }) => at)) + 1;
  const spans = given.map(({ id, parent, name = id, at, attributes = {}, events = [] }) => ({
    traceId: "ab".repeat(16),
    spanId: idOf(id),
    ...(parent === undefined ? {} : { parentSpanId: idOf(parent) }),
    name,
    startTimeUnixNano: String(at * 1_000_000),
    endTimeUnixNano: String((parent === undefined ? end : at + 1) * 1_000_000),
    attributes,
    events,
  }));
  const [trace] = readTraceFile(Buffer.from(JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] }))).traces;
  if (trace === undefined) throw new Error("no trace");
  return convertTrace(trace);
}

const agent = { "gen_ai.operation.name": "invoke_agent" };
const messages = (...list: [role: string, content: unknown, more?: object][]) =>
  JSON.stringify(list.map(([role, content, more]) => ({ role, content, ...more })));
const parts = (...list: [role: string, parts: object[]][]) =>
  JSON.stringify(list.map(([role, its]) => ({ role, parts: its })));

function chat(input: string, output: string, more: object = {}) {
  return {
    "gen_ai.operation.name": "chat",
    "gen_ai.request.model": "m",
    "gen_ai.input.messages": input,
    "gen_ai.output.messages": output,
    ...more,
  };
}

test("one MCP call that the agent, its client, the server and a message of the model all report counts once", () => {
  const call = { id: "call-1", function: { name: "get_weather", arguments: '{"city":"Paris"}' } };
  const { invocations, warnings } = turnsOf(
    { id: "agent", at: 1, attributes: agent },
    {
      id: "chat1",
      parent: "agent",
      at: 2,
      attributes: chat(messages(["user", "weather?"]), messages(["assistant", "", { tool_calls: [call] }])),
    },
    {
      id: "tool",
      parent: "agent",
      at: 3,
      name: "execute_tool get_weather",
      attributes: { "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "get_weather" },
    },
    {
      id: "client",
      parent: "tool",
      at: 4,
      name: "tools/call get_weather",
      attributes: { "mcp.method.name": "tools/call", "gen_ai.tool.name": "get_weather", "jsonrpc.request.id": "7" },
    },
    {
      id: "server",
      parent: "client",
      at: 5,
      name: "tools/call get_weather",
      attributes: {
        "mcp.method.name": "tools/call",
        "gen_ai.tool.name": "get_weather",
        "gen_ai.tool.call.result": '{"content":[{"type":"text","text":"18 degrees"}]}',
      },
    },
    {
      id: "chat2",
      parent: "agent",
      at: 6,
      attributes: chat(messages(["user", "weather?"]), messages(["assistant", "18 degrees"])),
    },
  );
  expect(warnings).toEqual([]);
  expect(invocations).toMatchObject([
    {
      userText: "weather?",
      finalResponse: "18 degrees",
      toolUses: [{ name: "get_weather", arguments: { city: "Paris" }, id: "call-1", response: "18 degrees" }],
    },
  ]);
});

test("a server's span that lost its caller counts once, by its time, and that is reported", () => {
  const call = { id: "call-1", name: "get_weather", arguments: { city: "Paris" } };
  const server = { "mcp.method.name": "tools/call", "gen_ai.tool.name": "get_weather" };
  const known = turnsOf(
    { id: "agent", at: 1, attributes: agent },
    {
      id: "chat",
      parent: "agent",
      at: 2,
      attributes: chat(messages(["user", "?"]), messages(["assistant", "x", { tool_calls: [call] }])),
    },
    { id: "server", parent: "gone", at: 3, attributes: server },
  );
  expect(known.invocations[0]?.toolUses).toHaveLength(1);
  const alone = turnsOf(
    { id: "agent", at: 1, attributes: agent },
    { id: "chat", parent: "agent", at: 2, attributes: chat(messages(["user", "?"]), messages(["assistant", "x"])) },
    { id: "server", parent: "gone", at: 3, attributes: server },
  );
  expect(alone.invocations[0]?.toolUses).toMatchObject([{ name: "get_weather" }]);
  expect(alone.warnings.join()).toContain("counted by its time");
});

test("two calls of the same tool are two, whether their ids or their arguments tell them apart", () => {
  const tool = (id: string, at: number, more: object) => ({
    id,
    parent: "agent",
    at,
    attributes: { "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "t", ...more },
  });
  const turn = [
    { id: "agent", at: 1, attributes: agent },
    { id: "chat", parent: "agent", at: 2, attributes: chat(messages(["user", "?"]), messages(["assistant", "x"])) },
  ];
  const byId = turnsOf(
    ...turn,
    tool("t1", 3, { "gen_ai.tool.call.id": "1" }),
    tool("t2", 4, { "gen_ai.tool.call.id": "2" }),
  );
  expect(byId.invocations[0]?.toolUses).toHaveLength(2);
  const calls = [1, 2].map((n) => ({ name: "t", arguments: { n } }));
  const byArguments = turnsOf(
    ...turn.slice(0, 1),
    {
      id: "chat",
      parent: "agent",
      at: 2,
      attributes: chat(messages(["user", "?"]), messages(["assistant", "x", { tool_calls: calls }])),
    },
    tool("t1", 3, { "gen_ai.tool.call.arguments": '{"n":1}' }),
    tool("t2", 4, { "gen_ai.tool.call.arguments": '{"n":2}' }),
  );
  expect(byArguments.invocations[0]?.toolUses.map((use) => use.arguments)).toEqual([{ n: 1 }, { n: 2 }]);
});

test.each([
  ["content", { input: messages(["system", "s"], ["human", "hello"]), output: messages(["ai", "hi"]) }],
  [
    "parts",
    {
      input: parts(["user", [{ type: "text", content: "hello" }]]),
      output: parts([
        "assistant",
        [
          { type: "text", content: "hi" },
          { type: "tool_call", id: "1", name: "t", arguments: {} },
        ],
      ]),
    },
  ],
  ["parts of Gemini", { input: parts(["user", [{ text: "hello" }]]), output: parts(["model", [{ text: "hi" }]]) }],
  [
    "a list as content",
    {
      input: messages(["user", [{ type: "text", text: "hello" }]]),
      output: messages(["assistant", [{ type: "text", text: "hi" }]]),
    },
  ],
])("messages with %s", (_, { input, output }) => {
  const { invocations } = turnsOf({ id: "chat", at: 1, attributes: chat(input, output) });
  expect(invocations).toMatchObject([{ userText: "hello", finalResponse: "hi" }]);
});

test("messages in the events of a span, and in the older numbered attributes", () => {
  const attributes = [
    { key: "gen_ai.input.messages", value: { stringValue: messages(["user", "hello"]) } },
    { key: "gen_ai.output.messages", value: { stringValue: messages(["assistant", "hi"]) } },
  ];
  const inEvents = turnsOf({
    id: "chat",
    at: 1,
    attributes: { "gen_ai.request.model": "m" },
    events: [{ name: "messages", timeUnixNano: "1", attributes }],
  });
  expect(inEvents.invocations).toMatchObject([{ userText: "hello", finalResponse: "hi" }]);
  const numbered = turnsOf({
    id: "chat",
    at: 1,
    attributes: {
      "gen_ai.request.model": "m",
      "gen_ai.prompt.0.role": "system",
      "gen_ai.prompt.0.content": "s",
      "gen_ai.prompt.1.role": "user",
      "gen_ai.prompt.1.content": "hello",
      "gen_ai.completion.0.role": "assistant",
      "gen_ai.completion.0.content": "hi",
      "gen_ai.completion.0.tool_calls.0.id": "c",
      "gen_ai.completion.0.tool_calls.0.name": "t",
      "gen_ai.completion.0.tool_calls.0.arguments": '{"a":1}',
    },
  });
  expect(numbered.invocations).toMatchObject([
    { userText: "hello", finalResponse: "hi", toolUses: [{ name: "t", arguments: { a: 1 }, id: "c" }] },
  ]);
});

describe("messages as older instrumentations write them", () => {
  const call = { id: "c", type: "function", function: { name: "t", arguments: '{"a":1}' } };
  const asked = { role: "user", content: "hello" };
  const answered = { role: "assistant", content: "hi", tool_calls: [call] };
  const json = JSON.stringify;
  const event = (name: string, attributes: Record<string, string>) => ({
    ...{ name, timeUnixNano: "1" },
    attributes: Object.entries(attributes).map(([key, stringValue]) => ({ key, value: { stringValue } })),
  });

  test.each<[string, Record<string, unknown>, object[]]>([
    ["one attribute of the span each", { "gen_ai.prompt": json([asked]), "gen_ai.completion": json([answered]) }, []],
    ["texts", { "gen_ai.prompt": "hello", "gen_ai.completion": json(answered) }, []],
    ["an object with them", { "gen_ai.prompt": json({ messages: [asked] }), "gen_ai.completion": json(answered) }, []],
    [
      "an event for the prompt and one for the completion",
      {},
      [
        event("gen_ai.content.prompt", { "gen_ai.prompt": json([asked]) }),
        event("gen_ai.content.completion", { "gen_ai.completion": json([answered]) }),
      ],
    ],
    [
      "an event a message",
      {},
      [
        event("gen_ai.system.message", { content: "be brief" }),
        event("gen_ai.user.message", { content: "hello" }),
        event("gen_ai.choice", { index: "0", message: json(answered) }),
      ],
    ],
    [
      "an event a message, with a body",
      {},
      [
        event("gen_ai.user.message", { "gen_ai.event.content": json(asked) }),
        event("gen_ai.choice", { "gen_ai.event.content": json({ index: 0, message: answered }) }),
      ],
    ],
    [
      "an event a message, with parts",
      {},
      [
        event("gen_ai.user.message", { content: json([{ text: "hello" }]) }),
        event("gen_ai.choice", {
          message: json([{ text: "hi" }, { type: "tool_call", id: "c", name: "t", arguments: { a: 1 } }]),
        }),
      ],
    ],
  ])("%s", (_, attributes, events) => {
    const { invocations } = turnsOf({
      ...{ id: "chat", at: 1, events },
      attributes: { "gen_ai.request.model": "m", ...attributes },
    });
    expect(invocations).toMatchObject([
      { userText: "hello", finalResponse: "hi", toolUses: [{ name: "t", arguments: { a: 1 }, id: "c" }] },
    ]);
  });
});

test("agents of one root that were given the same text are one turn; an agent that is asked the same again has another", () => {
  const asked = (id: string, parent: string | undefined, at: number): GivenSpan[] => [
    { id: `${id}1`, ...(parent === undefined ? {} : { parent }), at, name: "invoke_agent", attributes: agent },
    { id: `${id}2`, parent: `${id}1`, at: at + 1, attributes: chat(messages(["user", "yes"]), messages(["ai", id])) },
  ];
  const { invocations } = turnsOf({ id: "POST", at: 0 }, ...asked("a", "POST", 1), ...asked("b", "POST", 3));
  expect(invocations.map(({ finalResponse }) => finalResponse)).toEqual(["b"]);
  const again = turnsOf(...asked("a", undefined, 1), ...asked("b", undefined, 3));
  expect(again.invocations.map(({ finalResponse }) => finalResponse)).toEqual(["a", "b"]);
});

test("a span that is in the trace twice, word for word, counts once; others that share an id count each", () => {
  const usage = { "gen_ai.usage.input_tokens": 5 };
  const spans: GivenSpan[] = [
    { id: "agent", at: 1, attributes: agent },
    {
      id: "chat",
      parent: "agent",
      at: 2,
      attributes: chat(messages(["user", "a"]), messages(["assistant", "b"]), usage),
    },
    { id: "tool", parent: "agent", at: 3, attributes: { "gen_ai.tool.name": "t" } },
  ];
  const repeated = turnsOf(...spans, ...spans);
  expect(repeated.invocations).toMatchObject([{ toolUses: [{ name: "t" }], tokens: { input: 5 } }]);
  expect(repeated.warnings).toEqual([expect.stringMatching(/3 spans are in it twice and counted once/)]);
  const other = { ...(spans[2] as GivenSpan), attributes: { "gen_ai.tool.name": "other" } };
  expect(turnsOf(...spans, other).invocations[0]?.toolUses.map(({ name }) => name)).toEqual(["t", "other"]);
});

test("spans by other conventions are named, since no turn is read of them", () => {
  const { invocations, warnings } = turnsOf({ id: "LLM", at: 1, attributes: { "openinference.span.kind": "LLM" } });
  expect(invocations).toEqual([]);
  expect(warnings.at(-1)).toMatch(/1 span has the attributes of OpenInference, of which no turn is read/);
});

test("a turn of a hundred and fifty thousand spans is read", () => {
  const span = (at: number, name: string, attributes: Attributes): TraceSpan => ({
    ...{ traceId: "t", spanId: String(at), parentId: at === 0 ? undefined : "0", name, statusMessage: "" },
    ...{ kind: "internal", service: "", scope: "", startUs: at, endUs: at + 1, attributes, events: [], isError: false },
  });
  const spans = Array.from({ length: 150_000 }, (_, at) =>
    at % 3 === 1
      ? span(at, "tool", { "gen_ai.tool.name": "t", "gen_ai.tool.call.id": `${at}` })
      : span(at, "chat", { "gen_ai.request.model": "m" }),
  );
  spans[0] = span(0, "invoke_agent a", { "gen_ai.input.messages": messages(["user", "a"]) });
  const { invocations } = convertTrace({ traceId: "t", spans });
  expect(invocations.map(({ toolUses }) => toolUses.length)).toEqual([50_000]);
});

test("calls in a row with the same text of the user are one turn; another text begins the next", () => {
  const { invocations } = turnsOf(
    {
      id: "one",
      at: 1,
      attributes: chat(messages(["user", "a"]), messages(["assistant", "", { tool_calls: [{ id: "1", name: "t" }] }]), {
        "gen_ai.usage.input_tokens": 10,
      }),
    },
    {
      id: "two",
      at: 2,
      attributes: chat(messages(["user", "a"]), messages(["assistant", "answer a"]), {
        "gen_ai.usage.input_tokens": 20,
      }),
    },
    {
      id: "three",
      at: 3,
      attributes: chat(
        messages(["user", "a"], ["assistant", "answer a"], ["user", "b"]),
        messages(["assistant", "answer b"]),
      ),
    },
  );
  expect(invocations).toMatchObject([
    { userText: "a", finalResponse: "answer a", toolUses: [{ name: "t" }], tokens: { input: 30 } },
    { userText: "b", finalResponse: "answer b", toolUses: [] },
  ]);
});

test("libraries that call each other count the tokens of one call once", () => {
  const usage = { "gen_ai.usage.input_tokens": 100, "gen_ai.usage.output_tokens": 7 };
  const { invocations } = turnsOf(
    { id: "agent", at: 1, attributes: { ...agent, ...usage } },
    { id: "outer", parent: "agent", at: 2, attributes: { "gen_ai.operation.name": "generate_content", ...usage } },
    {
      id: "inner",
      parent: "outer",
      at: 3,
      attributes: chat(messages(["user", "?"]), messages(["assistant", "x"]), usage),
    },
  );
  expect(invocations).toMatchObject([{ userText: "?", finalResponse: "x", tokens: { input: 100, output: 7 } }]);
});
