/** The handling of each MCP method. Only tools/call is evaluated; others are answered or passed to a backend. */

import { isObject } from "../../http/json.ts";
import type { Backend } from "../backends/backend.ts";
import { type CapabilityCache, NothingListed, type ToolList } from "../backends/capability-cache.ts";
import type { SessionView, SessionViews } from "../backends/session-views.ts";
import type { CallContext } from "../calls/call-context.ts";
import type { Answer } from "../calls/call-record.ts";
import type { ToolCalls } from "../calls/tool-call.ts";
import { forwardFailure } from "../calls/upstream-error.ts";
import { type Optimizer, optimizerListText } from "../optimizer/optimizer.ts";
import { errorCodes, errorText, type RequestMessage, resultText } from "../protocol/messages.ts";
import { latestVersion, type ProtocolVersion, supportedVersion } from "../protocol/versions.ts";
import { progressOf } from "../sessions/progress.ts";

export interface MethodsParts {
  toolCalls: ToolCalls;
  capabilities: CapabilityCache;
  views: SessionViews;
  /** Undefined: there is none. */
  optimizer: Optimizer | undefined;
  /** Its two tools are the only ones that clients see. */
  listsOptimizer: boolean;
  log: (line: string) => void;
}

/** In `_meta` of a list that lacks the tools of a backend: `[{backend, reason}]`. */
const missingBackends = "resilience-lab/missingBackends";
const serverInfo = { name: "resilience-lab-gateway", title: "Resilience Lab reference gateway", version: "0.1.0" };

/** Passed to the first backend with the capability. Subscriptions are not: their events could not be returned. */
const passedOn: Readonly<Record<string, string>> = {
  "resources/list": "resources",
  "resources/templates/list": "resources",
  "resources/read": "resources",
  "prompts/list": "prompts",
  "prompts/get": "prompts",
  "completion/complete": "completions",
};

export class Methods {
  readonly #parts: MethodsParts;

  constructor(parts: MethodsParts) {
    this.#parts = parts;
  }

  /** The response as JSON text. Rejects with CallerLeft only. */
  async answer(request: RequestMessage, context: CallContext): Promise<string> {
    switch (request.method) {
      case "tools/call":
        return this.#call(request, context);
      case "tools/list":
        return this.#listTools(request, this.#parts.views.of(context.session));
      case "ping":
        return resultText(request.id, {});
      default:
        return this.#passOn(request, context);
    }
  }

  /** The response to a request beyond the session's limit. */
  async turnAway(request: RequestMessage, context: CallContext, problem: string): Promise<string> {
    if (request.method === "tools/call") return this.#parts.toolCalls.turnAway(request, context, problem);
    return errorText(request.id, errorCodes.busy, problem);
  }

  /** The protocol revision for this client; undefined if the initialize request is invalid. */
  negotiate(request: RequestMessage): ProtocolVersion | undefined {
    const { protocolVersion, capabilities, clientInfo } = request.params;
    if (typeof protocolVersion !== "string" || !isObject(capabilities) || !isObject(clientInfo)) return undefined;
    return supportedVersion(protocolVersion) ?? latestVersion;
  }

  async initialize(request: RequestMessage, protocolVersion: ProtocolVersion): Promise<string> {
    const backends = await this.#parts.capabilities.about(this.#parts.views.current());
    const declared = new Set(backends.flatMap(({ about }) => Object.keys(about.capabilities)));
    const passed = ["resources", "prompts", "completions"].filter((name) => declared.has(name));
    const instructions = backends.flatMap(({ about }) => about.instructions ?? []).join("\n\n");
    return resultText(request.id, {
      protocolVersion,
      capabilities: { tools: { listChanged: true }, ...Object.fromEntries(passed.map((name) => [name, {}])) },
      serverInfo,
      ...(instructions === "" ? {} : { instructions }),
    });
  }

  async #call(request: RequestMessage, context: CallContext): Promise<string> {
    const { toolCalls, optimizer, listsOptimizer, views } = this.#parts;
    const optimized = await optimizer?.read(request, views.of(context.session));
    if (optimized === undefined) {
      return listsOptimizer
        ? toolCalls.answerItself(request, context, notListed(request))
        : toolCalls.run(request, context);
    }
    if ("answer" in optimized) return toolCalls.answerItself(request, context, optimized.answer);
    return toolCalls.run(optimized.request, context);
  }

  async #listTools(request: RequestMessage, view: SessionView): Promise<string> {
    if (request.params.cursor !== undefined) {
      return errorText(request.id, errorCodes.invalidParams, "Invalid cursor: tools/list has a single page");
    }
    if (this.#parts.listsOptimizer) {
      return `{"jsonrpc":"2.0","id":${JSON.stringify(request.id)},"result":{"tools":${optimizerListText}}}`;
    }
    let list: ToolList;
    try {
      list = await this.#parts.capabilities.list(view);
    } catch (error) {
      if (!(error instanceof NothingListed)) throw error;
      const { message, backend, reason } = error;
      return errorText(request.id, errorCodes.internal, `upstream error: ${message}`, { backend, reason });
    }
    const { text, missing } = list;
    const meta = missing.length === 0 ? "" : `,"_meta":${JSON.stringify({ [missingBackends]: missing })}`;
    return `{"jsonrpc":"2.0","id":${JSON.stringify(request.id)},"result":{"tools":${text}${meta}}}`;
  }

  async #passOn(request: RequestMessage, { caller, session, traceparent }: CallContext): Promise<string> {
    const { method, params, id } = request;
    const view = this.#parts.views.of(session);
    const backend = Object.hasOwn(passedOn, method) ? await this.#firstWith(passedOn[method] ?? "", view) : undefined;
    if (!backend) return errorText(id, errorCodes.methodNotFound, `Method not found: ${method}`);
    try {
      const reply = await backend.guarded.request(method, params, {
        deadlineMs: backend.settings.deadlineMs,
        client: session.id,
        signal: caller.signal,
        traceparent,
        onProgress: progressOf(params, caller)?.continued(),
      });
      return reply.textFor(id);
    } catch (error) {
      return forwardFailure(error, id, backend.name, (reason) => this.#parts.log(`${method} failed: ${reason}`));
    }
  }

  async #firstWith(capability: string, view: SessionView): Promise<Backend | undefined> {
    const backends = await this.#parts.capabilities.about(view);
    return backends.find(({ about }) => about.capabilities[capability] !== undefined)?.backend;
  }
}

function notListed(request: RequestMessage): () => Promise<Answer> {
  const error = `Unknown tool: ${String(request.params.name)}. Find it with find_tool, and call it with call_tool`;
  const text = errorText(request.id, errorCodes.invalidParams, error);
  return async () => ({ text, outcome: "unknown_tool", error });
}
