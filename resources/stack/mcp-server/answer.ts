import type { CallToolResult } from "@modelcontextprotocol/sdk/types.js";

/** Makes a tool's result: text and structured content alike, or isError for a refusal, so that a model reads the reason. */
export function answerWith(refusal: abstract new (...args: never[]) => Error) {
  return (operation: () => Record<string, unknown>): CallToolResult => {
    try {
      const structuredContent = operation();
      return { content: [{ type: "text", text: JSON.stringify(structuredContent) }], structuredContent };
    } catch (error) {
      if (!(error instanceof refusal)) throw error;
      return { content: [{ type: "text", text: error.message }], isError: true };
    }
  };
}
