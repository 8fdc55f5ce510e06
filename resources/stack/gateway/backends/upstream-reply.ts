/** A backend's reply to a request, validated, and forwarded to the caller as the backend's original text. */
import { isObject, parseJson } from "../../http/json.ts";
import type { RequestId } from "../protocol/messages.ts";
import { UpstreamFailure } from "./upstream-failure.ts";

export class UpstreamReply {
  /** The result, if it was not an error. */
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

  /** The backend's error message: from a JSON-RPC error, or from a result that the tool marks as an error. */
  get failure(): string | undefined {
    if (this.result?.isError !== true) return this.errorMessage;
    const { content } = this.result;
    const texts = Array.isArray(content) ? content.map((part) => (isObject(part) ? part.text : undefined)) : [];
    return texts.find((text) => typeof text === "string") ?? "the tool gives no reason";
  }

  /** The response to the caller's own request id. */
  textFor(id: RequestId): string {
    const at = this.#text.indexOf(this.#quotedId);
    // The gateway's ids are random: a second occurrence is a quotation by the backend, so replacing text would be unsafe.
    if (at < 0 || this.#text.indexOf(this.#quotedId, at + 1) >= 0) return JSON.stringify({ ...this.#message, id });
    return this.#text.slice(0, at) + JSON.stringify(id) + this.#text.slice(at + this.#quotedId.length);
  }
}

/** Parses the response to request `id`, alone or in a batch's array; UpstreamFailure if it is not one. */
export function readReply(text: string, id: string): UpstreamReply {
  const message = parseJson(text);
  if (message === undefined) throw malformed("not JSON");
  if (Array.isArray(message)) {
    const member = message.find((each) => isObject(each) && each.id === id && each.method === undefined);
    if (member === undefined) throw malformed("no response in its array");
    return readReply(JSON.stringify(member), id);
  }
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
