/**
 * Lets a language model choose the calls. Bounded by a number of rounds and a deadline for each completion; a call that
 * was refused is not repeated in the same run.
 */
import { isObject, parseJson } from "../http/json.ts";
import { type ChatEndpoint, type ChatMessage, type ChatTool, complete, ModelError } from "./chat-completions.ts";
import type { ToolCall } from "./model-reply.ts";
import type { Planner, PlanOutcome, Toolbox } from "./planner.ts";
import { failure, notAvailable } from "./sentences.ts";

const roundLimit = 8;
const NOTHING = "The model gave no answer.";

const instructions = [
  "You handle requests about payments with the tools you are given.",
  "Use only these tools. When a tool call is refused or fails, do not repeat it; report the failure to the user.",
  "Answer in one or two short sentences.",
].join(" ");

export function modelPlanner(endpoint: ChatEndpoint): Planner {
  return {
    async plan(input, toolbox, signal) {
      const conversation = new Conversation(input, toolbox);
      try {
        for (let round = 0; round < roundLimit; round += 1) {
          const reply = await complete(endpoint, conversation.messages, conversation.tools, signal);
          if (reply.toolCalls.length === 0) return conversation.end(reply.content);
          conversation.messages.push({
            role: "assistant",
            content: reply.content || null,
            tool_calls: reply.toolCalls,
          });
          // Sequential: a later call may repeat one that is refused in this round.
          for (const call of reply.toolCalls) await conversation.carryOut(call, signal);
        }
        const reason = `the model asked for tools in ${roundLimit} rounds without giving an answer`;
        return { intent: "model", answer: conversation.answer(`I stopped: ${reason}.`), error: reason };
      } catch (error) {
        if (!(error instanceof ModelError)) throw error;
        return { intent: "model", answer: conversation.answer("The model could not be used."), error: error.message };
      }
    },
  };
}

class Conversation {
  readonly messages: ChatMessage[];
  readonly tools: ChatTool[];
  readonly #toolbox: Toolbox;
  readonly #refused = new Set<string>();
  readonly #unavailable = new Set<string>();

  constructor(input: string, toolbox: Toolbox) {
    this.#toolbox = toolbox;
    this.messages = [
      { role: "system", content: instructions },
      { role: "user", content: input },
    ];
    this.tools = toolbox.tools.map(({ name, description = "", inputSchema }) => {
      return { type: "function", function: { name, description, parameters: inputSchema } };
    });
  }

  async carryOut(call: ToolCall, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.messages.push({ role: "tool", tool_call_id: call.id, content: await this.#outcomeOf(call) });
  }

  /** An empty answer is reported as one: the person who asked must not be left with nothing. */
  end(content: string): PlanOutcome {
    if (content.trim() !== "") return { intent: "model", answer: this.answer(content) };
    return { intent: "model", answer: this.answer(NOTHING), error: "the model answered neither text nor a tool call" };
  }

  /** The model's text, followed by the tools that it requested, do not exist, and are not mentioned in the text. */
  answer(content: string): string {
    const missing = [...this.#unavailable]
      .map((name) => notAvailable(name, this.#toolbox.missing))
      .filter((sentence) => !content.includes(sentence));
    return [content.trim(), ...missing].filter((part) => part !== "").join(" ");
  }

  async #outcomeOf({ function: { name, arguments: text } }: ToolCall): Promise<string> {
    if (!this.#toolbox.tools.some((tool) => tool.name === name)) {
      this.#unavailable.add(name);
      return notAvailable(name, this.#toolbox.missing);
    }
    const args = parseArguments(text);
    if (!args) return `${name} was not called: its arguments are not a JSON object.`;
    const key = JSON.stringify([name, args]);
    if (this.#refused.has(key)) return `${name} was refused with these arguments before and was not called again.`;
    const { record } = await this.#toolbox.call(name, args);
    if (record.outcome === "ok") return record.text ?? "done";
    if (record.error) this.#refused.add(key);
    return failure(record);
  }
}

function parseArguments(text: string): Record<string, unknown> | undefined {
  const value = parseJson(text.trim() === "" ? "{}" : text);
  return isObject(value) ? value : undefined;
}
