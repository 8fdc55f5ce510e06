/** One armed fault of a link, used by the API and the data plane. */
import { draw } from "../randomness.ts";
import { type Attributes, isHttpToxic } from "./attributes.ts";
import type { Match } from "./match.ts";

export type Direction = "upstream" | "downstream";

export interface ToxicSpec {
  name: string;
  type: string;
  /** As sent, since it is echoed; `direction` is the parsed value. */
  stream: string;
  /** The probability that a connection is affected. */
  toxicity: number;
  attributes: Attributes;
  match: Match;
  seed: number | undefined;
  /** Milliseconds from now after which the toxic is removed automatically. */
  expiresMs: number | undefined;
}

export class Toxic {
  readonly name: string;
  readonly type: string;
  readonly stream: string;
  readonly direction: Direction;
  /** Event number that orders the link's toxics and sessions. */
  readonly armedAt: number;
  toxicity: number;
  attributes: Attributes;
  match: Match;
  /** When it is removed automatically, in milliseconds since the epoch. */
  expiresAt: number | undefined;
  /** Number of requests that matched the conditions of `match`, affected or not. */
  matched = 0;
  hits = 0;
  readonly #link: string;
  readonly #ownSeed: number | undefined;
  readonly #seed: number;
  /** The toxic's identity in draws: with its own seed it is reproducible under any name. */
  readonly #mark: string;

  constructor(spec: ToxicSpec, link: string, proxySeed: number, armedAt: number) {
    this.name = spec.name;
    this.type = spec.type;
    this.stream = spec.stream;
    this.direction = spec.stream.toLowerCase() === "upstream" ? "upstream" : "downstream";
    this.toxicity = spec.toxicity;
    this.attributes = spec.attributes;
    this.match = spec.match;
    this.armedAt = armedAt;
    this.#link = link;
    this.#ownSeed = spec.seed;
    this.#seed = spec.seed ?? proxySeed;
    this.#mark = spec.seed === undefined ? spec.name : spec.type;
  }

  get isHttp(): boolean {
    return isHttpToxic(this.type);
  }

  number(attribute: string): number {
    return Number(this.attributes[attribute]);
  }

  /** One draw per connection, which is kept across updates. */
  meetsConnection(connection: number): boolean {
    if (this.toxicity >= 1) return true;
    return draw(this.#seed, this.#link, this.#mark, "connection", connection, this.direction) < this.toxicity;
  }

  /** Counts a request that matched the conditions and returns whether this toxic applies to it. */
  takes(): boolean {
    this.matched += 1;
    const { ordinal, first, probability } = this.match;
    if (ordinal !== undefined && this.matched !== ordinal) return false;
    if (first !== undefined && this.matched > first) return false;
    if (probability === undefined) return true;
    return this.drawForRequest("request") < probability;
  }

  /** A number in [0, 1) for the most recently matched request. */
  drawForRequest(purpose: string): number {
    return draw(this.#seed, this.#link, this.#mark, purpose, this.matched);
  }

  /** The seed of one connection's pseudo-random sequence. */
  sequenceStart(connection: number): number {
    return Math.floor(draw(this.#seed, this.#link, this.#mark, "sequence", connection, this.direction) * 2 ** 32);
  }

  toJson(): Record<string, unknown> {
    return {
      attributes: this.attributes,
      name: this.name,
      type: this.type,
      stream: this.stream,
      toxicity: this.toxicity,
      ...(Object.keys(this.match).length > 0 && { match: this.match }),
      ...(this.#ownSeed !== undefined && { seed: this.#ownSeed }),
      ...(this.expiresAt !== undefined && { expires_at: this.expiresAt }),
      ...(this.isHttp && { matched: this.matched }),
      hits: this.hits,
    };
  }
}
