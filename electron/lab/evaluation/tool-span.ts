import { isObject } from "../../model/json.ts";
import type { AttributeValue, TraceSpan } from "../trace-files/trace.ts";
import type { ToolUse } from "./invocation.ts";
import { argumentsOf, parsed } from "./json-text.ts";

/** The use of a tool that a span stands for; undefined when it does not name the tool. */
export function toolSpanUse(
  { name, attributes }: TraceSpan,
  argumentsName = "gen_ai.tool.call.arguments",
  responseName = "gen_ai.tool.call.result",
): ToolUse | undefined {
  const tool = attributes["gen_ai.tool.name"] ?? /^(?:execute_tool|tools\/call) (.+)$/.exec(name)?.[1];
  if (typeof tool !== "string" || tool === "") return undefined;
  const id = attributes["gen_ai.tool.call.id"];
  const given = attributes[argumentsName] ?? attributes["gen_ai.tool.call.arguments"];
  const response = attributes[responseName] ?? attributes["gen_ai.tool.call.result"];
  return {
    name: tool,
    arguments: argumentsOf(given),
    id: typeof id === "string" && id !== "" ? id : undefined,
    response: response === undefined ? undefined : responseText(response),
  };
}

/** The texts of an MCP result, else what there is. */
function responseText(value: AttributeValue): string {
  const result = parsed(value);
  if (isObject(result) && Array.isArray(result.content)) {
    return result.content.filter(isObject).map(textOf).filter(Boolean).join("\n");
  }
  return typeof value === "string" ? value : JSON.stringify(value);
}

export function textOf(part: Record<string, unknown>): string {
  return typeof part.text === "string" ? part.text : "";
}
