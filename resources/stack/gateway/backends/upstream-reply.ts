/** What a backend says to a request, checked, and handed on to the caller as the very text that the backend wrote. */
import { isObject, parseJson } from "../../http/json.ts";
import type { RequestId } from "../protocol/messages.ts";
import { UpstreamFailure } from "./upstream-failure.ts";

export class UpstreamReply {
  /** The result, when it was no error. */
  readonly result: Record<string, unknown> | undefined;
  readonly #text: string;
  readonly #message: Record<string, unknown>;
  readonly #quotedId: string;

  constructor(text: string, message: Record<string, unknown>, id: string) {
    this.#text = text;
    this.#message = message;
    this.#quotedId = `"${id}"`;
    this.result = isObject(message.result) ? message.result : undefined;
  }

  get errorMessage(): string | undefined {
    return isObject(this.#message.error) ? String(this.#message.error.message) : undefined;
  }

  /** What the backend says went wrong: in a JSON-RPC error, or in a result that the tool marks as one. */
  get failure(): string | undefined {
    if (this.result?.isError !== true) return this.errorMessage;
    const { content } = this.result;
    const texts = Array.isArray(content) ? content.map((part) => (isObject(part) ? part.text : undefined)) : [];
    return texts.find((text) => typeof text === "string") ?? "the tool gives no reason";
  }

  /** The response to the caller's own request id. */
  textFor(id: RequestId): string {
    const at = this.#text.indexOf(this.#quotedId);
    // The gateway's ids are random: a second occurrence is the backend quoting it, and then text surgery is unsafe.
    if (at < 0 || this.#text.indexOf(this.#quotedId, at + 1) >= 0) return JSON.stringify({ ...this.#message, id });
    return this.#text.slice(0, at) + JSON.stringify(id) + this.#text.slice(at + this.#quotedId.length);
  }
}

/** The response to request `id` out of its JSON text; UpstreamFailure when it is none. */
export function readReply(text: string, id: string): UpstreamReply {
  const message = parseJson(text);
  if (message === undefined) throw malformed("not JSON");
  if (!isObject(message) || message.jsonrpc !== "2.0") throw malformed("not a JSON-RPC 2.0 message");
  if (message.id !== id) throw malformed("it answers another request");
  const { result, error } = message;
  if (result !== undefined && error !== undefined) throw malformed("it has both a result and an error");
  if (error !== undefined) {
    if (isObject(error) && Number.isInteger(error.code) && typeof error.message === "string") {
      return new UpstreamReply(text, message, id);
    }
    throw malformed("its error lacks a code or a message");
  }
  if (!isObject(result)) throw malformed("it has no result");
  return new UpstreamReply(text, message, id);
}

function malformed(problem: string): UpstreamFailure {
  return new UpstreamFailure("malformed", `malformed reply: ${problem}`);
}
