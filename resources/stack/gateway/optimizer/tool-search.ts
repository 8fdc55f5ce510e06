/** Finds tools in one list: by meaning, if there are embeddings, and by words. */
import type { Tool } from "../backends/conflicts/conflict-strategy.ts";
import { UpstreamFailure } from "../backends/upstream-failure.ts";
import { cosineDistance, type Embeddings } from "./embeddings.ts";
import { KeywordSearch } from "./keyword-search.ts";

export interface SearchOptions {
  /** At most so many tools are found. */
  limit: number;
  /** How many of those are searched for by meaning: a share from 0 to 1. */
  semanticShare: number;
  /** Tools farther away than this are not found by meaning: from 0 to 2. */
  farthest: number;
  /** Undefined: by words only. */
  embeddings: Embeddings | undefined;
  /** Answers by words alone while there are no embeddings; off: the search fails. */
  fallsBack: boolean;
}

export interface SearchResult {
  tools: Tool[];
  /** Why meaning was not searched for. */
  problem: string | undefined;
}

export class ToolSearch {
  readonly tools: readonly Tool[];
  readonly #options: SearchOptions;
  readonly #words: KeywordSearch;

  constructor(tools: readonly Tool[], options: SearchOptions) {
    this.tools = tools;
    this.#options = options;
    this.#words = new KeywordSearch(tools);
  }

  /** Rejects with UpstreamFailure if there are no embeddings and it may not answer without. */
  async find(description: string, keywords: readonly string[]): Promise<SearchResult> {
    const { limit, semanticShare, embeddings, fallsBack } = this.#options;
    const words = keywords.length > 0 ? keywords.join(" ") : description;
    const byMeaning = embeddings ? Math.round(limit * semanticShare) : 0;
    let problem: string | undefined;
    let near: number[] = [];
    if (embeddings && byMeaning > 0) {
      try {
        near = await this.#nearest(embeddings, description, byMeaning);
      } catch (error) {
        if (!fallsBack || !(error instanceof UpstreamFailure)) throw error;
        problem = error.message;
      }
    }
    const byWords = this.#words.search(words, problem === undefined ? limit - byMeaning : limit);
    const found = [...new Set([...near, ...byWords])].slice(0, limit);
    return { tools: found.flatMap((index) => this.tools[index] ?? []), problem };
  }

  async #nearest(embeddings: Embeddings, description: string, limit: number): Promise<number[]> {
    const { query, texts } = await embeddings.of(description, this.tools.map(textOf));
    return texts
      .map((vector, index) => ({ index, distance: cosineDistance(query, vector) }))
      .filter(({ distance }) => distance <= this.#options.farthest)
      .sort((a, b) => a.distance - b.distance)
      .slice(0, limit)
      .map(({ index }) => index);
  }
}

function textOf({ name, description }: Tool): string {
  return typeof description === "string" ? `${name}: ${description}` : name;
}
