/** One armed fault of a link, as the API shows it and as the data plane reads it. */
import { draw } from "../randomness.ts";
import { type Attributes, isHttpToxic } from "./attributes.ts";
import type { Match } from "./match.ts";

export type Direction = "upstream" | "downstream";

export interface ToxicSpec {
  name: string;
  type: string;
  /** As sent, for it is echoed so; `direction` is what it means. */
  stream: string;
  /** The chance that a connection meets this toxic. */
  toxicity: number;
  attributes: Attributes;
  match: Match;
  seed: number | undefined;
  /** Milliseconds from now after which the toxic removes itself. */
  expiresMs: number | undefined;
}

export class Toxic {
  readonly name: string;
  readonly type: string;
  readonly stream: string;
  readonly direction: Direction;
  /** Position in the order in which the link's toxics and sessions came to be. */
  readonly armedAt: number;
  toxicity: number;
  attributes: Attributes;
  match: Match;
  /** When it removes itself, in milliseconds since the epoch. */
  expiresAt: number | undefined;
  /** Requests that met the conditions of `match`, hit or not. */
  matched = 0;
  hits = 0;
  readonly #link: string;
  readonly #ownSeed: number | undefined;
  readonly #seed: number;
  /** What stands for the toxic in draws: a toxic with a seed of its own repeats whatever it is called. */
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

  /** One draw a connection: whatever is updated, the same connection keeps it. */
  meetsConnection(connection: number): boolean {
    if (this.toxicity >= 1) return true;
    return draw(this.#seed, this.#link, this.#mark, "connection", connection, this.direction) < this.toxicity;
  }

  /** Counts a request that met the conditions and says whether this toxic is for it. */
  takes(): boolean {
    this.matched += 1;
    const { ordinal, first, probability } = this.match;
    if (ordinal !== undefined && this.matched !== ordinal) return false;
    if (first !== undefined && this.matched > first) return false;
    if (probability === undefined) return true;
    return this.drawForRequest("request") < probability;
  }

  /** A number in [0, 1) that belongs to the request that was matched last. */
  drawForRequest(purpose: string): number {
    return draw(this.#seed, this.#link, this.#mark, purpose, this.matched);
  }

  /** Where the pseudo-random sequence of one connection starts. */
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
