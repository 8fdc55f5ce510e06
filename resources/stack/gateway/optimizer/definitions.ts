/** The two tools that stand for all tools of a session while the optimizer is on, in the shapes of ToolHive's vMCP. */
import type { Tool } from "../backends/conflicts/conflict-strategy.ts";

export const optimizerModes = ["off", "on", "available"] as const;
/** `on`: a session lists the two tools and no others. `available`: it lists its own tools, and can call the two as well. */
export type OptimizerMode = (typeof optimizerModes)[number];

export const findTool: Tool = {
  name: "find_tool",
  description: "Finds the tools of this session that fit a task. Call what it returns with call_tool.",
  inputSchema: {
    type: "object",
    properties: {
      tool_description: { type: "string", description: "what the tool should do, in a sentence" },
      tool_keywords: { type: "array", items: { type: "string" }, description: "words that its name or text may have" },
    },
    required: ["tool_description"],
  },
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
};

export const callTool: Tool = {
  name: "call_tool",
  description: "Calls a tool that find_tool returned.",
  inputSchema: {
    type: "object",
    properties: {
      tool_name: { type: "string", description: "its name, as find_tool returned it" },
      parameters: { type: "object", description: "its arguments, by the inputSchema that find_tool returned" },
    },
    required: ["tool_name", "parameters"],
  },
};
