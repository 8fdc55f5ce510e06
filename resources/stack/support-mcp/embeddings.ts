/**
 * `POST /v1/embeddings` in OpenAI's shape, for the gateway's tool search. In the place of a model each word has a pseudo-random
 * direction, and a text the sum of its words' directions: texts with common words are near each other, always in the same way.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { HttpError, readJsonObject, sendJson } from "../http/serve.ts";

const dimensions = 64;
const textsLimit = 2_048;

export async function answerEmbeddings(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { input, model = "words" } = await readJsonObject(request);
  const texts = typeof input === "string" ? [input] : input;
  if (!Array.isArray(texts) || texts.length > textsLimit || !texts.every((text) => typeof text === "string")) {
    throw new HttpError(400, `input must be a text, or a list of at most ${textsLimit} texts.`);
  }
  const data = texts.map((text, index) => ({ object: "embedding", index, embedding: embed(text) }));
  sendJson(response, 200, { object: "list", model, data });
}

function embed(text: string): number[] {
  const sum = new Array<number>(dimensions).fill(0);
  for (const word of text.toLowerCase().match(/[a-z0-9]+/g) ?? []) {
    let state = 2_166_136_261;
    for (const character of word) state = Math.imul(state ^ character.charCodeAt(0), 16_777_619);
    for (let index = 0; index < dimensions; index += 1) {
      state = Math.imul(state ^ (state >>> 15), 2_246_822_519) + index;
      sum[index] = (sum[index] ?? 0) + (state & 1 ? 1 : -1);
    }
  }
  return sum;
}
