/**
 * Vectors of texts from an endpoint with OpenAI's `POST .../embeddings`. Those of tools are kept, within a bound. After a
 * failure the endpoint is not asked for a while, so that an outage delays one search and not all.
 */
import { parseJson } from "../../http/json.ts";
import { within } from "../../http/within.ts";
import { CircuitBreaker } from "../backends/policies/circuit-breaker.ts";
import { UpstreamFailure } from "../backends/upstream-failure.ts";

export interface EmbeddingSettings {
  url: string;
  token: string | undefined;
  model: string;
  timeoutMs: number;
}

export type Vector = readonly number[];

const keptLimit = 20_000;
const restMs = 1_000;

export class Embeddings {
  readonly #settings: EmbeddingSettings;
  readonly #kept = new Map<string, Vector>();
  readonly #circuit = new CircuitBreaker({
    failureThreshold: 1,
    timeoutMs: restMs,
    windowMs: restMs,
    minimumCalls: 1,
    failureRate: 1,
  });

  constructor(settings: EmbeddingSettings) {
    this.#settings = settings;
  }

  /** In the order of the texts. Rejects with UpstreamFailure. */
  async of(query: string, texts: readonly string[]): Promise<{ query: Vector; texts: Vector[] }> {
    const missing = [...new Set(texts)].filter((text) => !this.#kept.has(text));
    const [first = [], ...rest] = await this.#circuit.execute("probe", () => this.#request([query, ...missing]));
    for (const [index, text] of missing.entries()) this.#keep(text, rest[index] ?? []);
    return { query: first, texts: texts.map((text) => this.#kept.get(text) ?? []) };
  }

  #keep(text: string, vector: Vector): void {
    this.#kept.set(text, vector);
    if (this.#kept.size > keptLimit) this.#kept.delete(this.#kept.keys().next().value ?? "");
  }

  async #request(input: readonly string[]): Promise<Vector[]> {
    const { url, token, model, timeoutMs } = this.#settings;
    let status: number;
    let body: unknown;
    try {
      const headers = { "content-type": "application/json", ...(token ? { authorization: `Bearer ${token}` } : {}) };
      const request = { method: "POST", headers, body: JSON.stringify({ model, input }) };
      [status, body] = await within([], timeoutMs, async (signal) => {
        const response = await fetch(url, { ...request, signal });
        return [response.status, parseJson(await response.text())];
      });
    } catch (error) {
      const { name, cause } = error as Error & { cause?: NodeJS.ErrnoException };
      if (name === "TimeoutError") throw new UpstreamFailure("deadline", `no answer within ${timeoutMs} ms`);
      throw new UpstreamFailure("unreachable", cause?.code ?? cause?.message ?? String(error));
    }
    if (status !== 200) throw new UpstreamFailure("status", `HTTP ${status}`);
    const { data } = (body ?? {}) as { data?: { index?: number; embedding?: unknown }[] };
    const vectors = Array.isArray(data) ? data.toSorted((a, b) => (a.index ?? 0) - (b.index ?? 0)) : [];
    if (vectors.length !== input.length || !vectors.every(({ embedding }) => isVector(embedding))) {
      throw new UpstreamFailure("malformed", `malformed reply: expected ${input.length} embeddings`);
    }
    return vectors.map(({ embedding }) => embedding as Vector);
  }
}

function isVector(value: unknown): value is Vector {
  return Array.isArray(value) && value.length > 0 && value.every((each) => typeof each === "number");
}

/** From 0, the same direction, to 2, the opposite one. */
export function cosineDistance(a: Vector, b: Vector): number {
  let dot = 0;
  let squaresOfA = 0;
  let squaresOfB = 0;
  for (const [index, x] of a.entries()) {
    const y = b[index] ?? 0;
    dot += x * y;
    squaresOfA += x * x;
    squaresOfB += y * y;
  }
  const length = Math.sqrt(squaresOfA * squaresOfB);
  return length === 0 ? 1 : 1 - dot / length;
}
