import { describe, expect, test } from "vitest";
import { readReply } from "./model-reply.ts";

const TOOLS = ["lookup_charge", "list_charges"];
const read = (message: unknown) => readReply({ choices: [{ message }] }, TOOLS);
const callsOf = (message: unknown) =>
  read(message)?.toolCalls.map(({ function: { name, arguments: text } }) => [name, JSON.parse(text)]);
const call = (more: object, func: object = {}) => ({
  content: null,
  tool_calls: [
    { id: "c1", type: "function", function: { name: "lookup_charge", arguments: '{"id":"ch_1"}', ...func }, ...more },
  ],
});
const WITH = [["lookup_charge", { id: "ch_1" }]];
const WITHOUT = [["lookup_charge", {}]];

describe("a tool call, as model servers write it", () => {
  test.each<[string, unknown, unknown[]]>([
    ["as the API says", call({}), WITH],
    ["with arguments as an object", call({}, { arguments: { id: "ch_1" } }), WITH],
    ["with JSON in JSON", call({}, { arguments: '"{\\"id\\":\\"ch_1\\"}"' }), WITH],
    ["with fenced JSON", call({}, { arguments: '```json\n{"id":"ch_1"}\n```' }), WITH],
    ["with parameters", call({}, { arguments: undefined, parameters: { id: "ch_1" } }), WITH],
    ["with arguments null", call({}, { arguments: null }), WITHOUT],
    ["with arguments empty", call({}, { arguments: "" }), WITHOUT],
    ["with arguments left out", call({}, { arguments: undefined }), WITHOUT],
    ["without an id", call({ id: undefined }), WITH],
    ["with an id that is null", call({ id: null }), WITH],
    ["with an id that is a number", call({ id: 7 }), WITH],
    ["without a type", call({ type: undefined }), WITH],
    ["with a type of its own", call({ type: "tool" }), WITH],
    ["with spaces around the name", call({}, { name: " lookup_charge\n" }), WITH],
    ["alone, not in a list", { tool_calls: call({}).tool_calls[0] }, WITH],
    ["without the function around it", { tool_calls: [{ name: "lookup_charge", arguments: { id: "ch_1" } }] }, WITH],
    [
      "as the older function_call",
      { content: null, function_call: { name: "lookup_charge", arguments: '{"id":"ch_1"}' } },
      WITH,
    ],
    [
      "in Qwen's and Hermes' tags",
      { content: 'I look.\n<tool_call>\n{"name": "lookup_charge", "arguments": {"id": "ch_1"}}\n</tool_call>' },
      WITH,
    ],
    [
      "in a tag that is not closed",
      { content: '<tool_call>{"name": "lookup_charge", "arguments": {"id": "ch_1"}}' },
      WITH,
    ],
    ["in Mistral's list", { content: '[TOOL_CALLS][{"name": "lookup_charge", "arguments": {"id": "ch_1"}}]' }, WITH],
    ["as Llama's JSON", { content: '<|python_tag|>{"name": "lookup_charge", "parameters": {"id": "ch_1"}}' }, WITH],
    ["as fenced JSON alone", { content: '```json\n{"name": "lookup_charge", "arguments": {"id": "ch_1"}}\n```' }, WITH],
  ])("%s", (_what, message, calls) => expect(callsOf(message)).toEqual(calls));

  test("has an id of its own, whatever the server gave", () => {
    const twice = [call({}).tool_calls[0], call({}).tool_calls[0], call({ id: "" }).tool_calls[0]];
    const ids = read({ tool_calls: twice })?.toolCalls.map(({ id }) => id);
    expect(ids?.[0]).toBe("c1");
    expect(new Set(ids).size).toBe(3);
    expect(ids).not.toContain("");
  });

  test("leaves the words beside it", () => {
    expect(read({ content: 'I look.\n<tool_call>{"name":"list_charges"}</tool_call>' })?.content).toBe("I look.");
  });
});

describe("text", () => {
  test.each<[string, unknown, string]>([
    ["a text", "hello", "hello"],
    ["parts", [{ type: "text", text: "hel" }, { type: "image_url" }, "lo"], "hello"],
    ["null", null, ""],
    ["nothing", undefined, ""],
  ])("as %s", (_what, content, text) => expect(read({ content })).toEqual({ content: text, toolCalls: [] }));

  test.each([
    '{"name": "Ann", "arguments": {}}',
    '<tool_call>{"name": "delete_everything", "arguments": {}}</tool_call>',
    "<tool_call>not JSON</tool_call>",
    '{"id": 1}',
  ])("that names no tool that was offered stays text: %s", (content) => {
    expect(read({ content })).toEqual({ content, toolCalls: [] });
  });
});

test.each([
  undefined,
  null,
  {},
  { choices: [] },
  { choices: [{}] },
  { choices: [{ message: { tool_calls: [{}] } }] },
  "text",
])("%j is no chat completion", (value) => expect(readReply(value, TOOLS)).toBeUndefined());
