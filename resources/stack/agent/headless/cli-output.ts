/** What a headless CLI printed: one JSON message a line, the last of which is the result. Lines that are no JSON are counted. */
import { isObject, parseJson } from "../../http/json.ts";

export interface CliMetadata {
  session_id: string | null;
  cost_usd: number | null;
  duration_ms: number | null;
  num_turns: number;
  /** Of input and output; null if not reported. */
  tokens: number | null;
  is_error: boolean;
  /** Such as rate_limit; null if the result names none. */
  error_type: string | null;
}

/** Longer output is cut: it is for a person or a model. */
const textLimit = 200_000;

export class CliOutput {
  rawMessages = 0;
  parseFailures = 0;
  firstBadLine: string | undefined;
  readonly metadata: CliMetadata = {
    session_id: null,
    cost_usd: null,
    duration_ms: null,
    num_turns: 0,
    tokens: null,
    is_error: false,
    error_type: null,
  };
  #streamed = "";
  #result = "";

  /** What the result says, else what was streamed before it. */
  get text(): string {
    return (this.#result || this.#streamed).trim();
  }

  read(line: string): void {
    if (line.trim() === "") return;
    const message = parseJson(line);
    if (!isObject(message)) {
      this.parseFailures += 1;
      this.firstBadLine ??= line.slice(0, 200);
      return;
    }
    this.rawMessages += 1;
    if (typeof message.session_id === "string") this.metadata.session_id = message.session_id;
    if (message.type === "assistant") this.#readAssistant(message.message);
    else if (message.type === "result") this.#readResult(message);
  }

  #readAssistant(message: unknown): void {
    this.metadata.num_turns += 1;
    const text = textOf(message);
    if (text !== "") this.#streamed = `${this.#streamed}\n${text}`.slice(0, textLimit);
  }

  #readResult({
    result,
    is_error,
    total_cost_usd,
    duration_ms,
    num_turns,
    error_type,
    usage,
  }: Record<string, unknown>) {
    const { metadata } = this;
    if (typeof result === "string") this.#result = result.slice(0, textLimit);
    metadata.is_error = is_error === true;
    metadata.cost_usd = numberOf(total_cost_usd);
    metadata.duration_ms = numberOf(duration_ms);
    metadata.num_turns = numberOf(num_turns) ?? metadata.num_turns;
    metadata.error_type = typeof error_type === "string" ? error_type : null;
    if (!isObject(usage)) return;
    metadata.tokens = (numberOf(usage.input_tokens) ?? 0) + (numberOf(usage.output_tokens) ?? 0);
  }
}

/** The text of an assistant's message, whose content is a list of parts. */
export function textOf(message: unknown): string {
  const content = isObject(message) && Array.isArray(message.content) ? message.content : [];
  return content.flatMap((part) => (isObject(part) && typeof part.text === "string" ? [part.text] : [])).join("\n");
}

function numberOf(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}
