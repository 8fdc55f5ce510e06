/**
 * Two tools in the place of all: `find_tool` searches the session's tools, `call_tool` calls one. A model then reads a few
 * definitions instead of hundreds. A call by `call_tool` is a call of the tool it names: policy, budget, approval and
 * record are that tool's.
 */
import { isObject } from "../../http/json.ts";
import type { CapabilityCache, SessionTools } from "../backends/capability-cache.ts";
import type { SessionView } from "../backends/session-views.ts";
import { UpstreamFailure } from "../backends/upstream-failure.ts";
import type { Answer } from "../calls/call-record.ts";
import { type RequestId, type RequestMessage, resultText } from "../protocol/messages.ts";
import { callTool, findTool } from "./definitions.ts";
import { tokenMetrics } from "./token-metrics.ts";
import { type SearchOptions, ToolSearch } from "./tool-search.ts";

/** Indexes of different lists, least recently used first: sessions differ by the backends that they have. */
const indexesKept = 4;

export const optimizerListText = JSON.stringify([findTool, callTool]);

/** What a call of one of the two is: an answer of the gateway's own, or a call of another tool. */
export type OptimizedCall = { answer: () => Promise<Answer> } | { request: RequestMessage };

export class Optimizer {
  readonly #capabilities: CapabilityCache;
  readonly #search: SearchOptions;
  readonly #indexes = new Map<string, ToolSearch>();

  constructor(capabilities: CapabilityCache, search: SearchOptions) {
    this.#capabilities = capabilities;
    this.#search = search;
  }

  /** Undefined if the call is of neither tool. */
  read(request: RequestMessage, view: SessionView): OptimizedCall | Promise<OptimizedCall> | undefined {
    const { name } = request.params;
    const given = isObject(request.params.arguments) ? request.params.arguments : {};
    if (name === findTool.name) return { answer: () => this.#find(request.id, given, view) };
    return name === callTool.name ? this.#resolve(request, given, view) : undefined;
  }

  async #find(id: RequestId, given: Record<string, unknown>, view: SessionView): Promise<Answer> {
    const { tool_description: description, tool_keywords: keywords = [] } = given;
    if (typeof description !== "string" || description.trim() === "") {
      return toolError(id, "tool_description must be a text that is not empty");
    }
    if (!Array.isArray(keywords) || !keywords.every((word) => typeof word === "string")) {
      return toolError(id, "tool_keywords must be a list of texts");
    }
    const known = await this.#capabilities.tools(view);
    try {
      const { tools, problem } = await this.#indexOf(known).find(description, keywords);
      const found = {
        tools,
        token_metrics: tokenMetrics(known.tools, tools),
        ...(problem === undefined ? {} : { warning: `embeddings are unavailable, searched by words only: ${problem}` }),
        ...(known.missing.length === 0 ? {} : { missing_backends: known.missing }),
      };
      const content = [{ type: "text", text: JSON.stringify(found) }];
      return { text: resultText(id, { content, structuredContent: found }), outcome: "ok" };
    } catch (error) {
      if (!(error instanceof UpstreamFailure)) throw error;
      return toolError(id, `find_tool failed: embeddings are unavailable: ${error.message}`);
    }
  }

  async #resolve(request: RequestMessage, given: Record<string, unknown>, view: SessionView): Promise<OptimizedCall> {
    const nested = isObject(given.parameters) ? given.parameters : {};
    const isTopLevel = typeof given.tool_name === "string" && given.tool_name !== "";
    const { tool_name: hoisted, ...rest } = nested;
    const name = isTopLevel ? given.tool_name : hoisted;
    if (typeof name !== "string" || name === "") {
      return { answer: async () => toolError(request.id, "tool_name must be the name of a tool") };
    }
    const found = await this.#capabilities.find(name, view);
    if (!found || !("tool" in found)) {
      const why = !found
        ? ""
        : "withheld" in found
          ? `: ${found.withheld}`
          : `: ${found.backend.name}: ${found.excluded}`;
      const answer = { ...toolError(request.id, `tool not found: ${name}${why}`), outcome: "unknown_tool" as const };
      return { answer: async () => answer };
    }
    return { request: { ...request, params: { ...request.params, name, arguments: isTopLevel ? nested : rest } } };
  }

  #indexOf({ text, tools }: SessionTools): ToolSearch {
    const index = this.#indexes.get(text) ?? new ToolSearch(tools, this.#search);
    this.#indexes.delete(text);
    this.#indexes.set(text, index);
    if (this.#indexes.size > indexesKept) this.#indexes.delete(this.#indexes.keys().next().value ?? "");
    return index;
  }
}

function toolError(id: RequestId, error: string): Answer {
  const result = { content: [{ type: "text", text: error }], isError: true };
  return { text: resultText(id, result), outcome: "tool_error", error };
}
