/** Full-text search over one list of tools: SQLite's FTS5 with BM25, in memory, on stems of English words. */
import { createRequire } from "node:module";
import type * as Sqlite from "node:sqlite";
import type { Tool } from "../backends/conflicts/conflict-strategy.ts";

/** A name that matches says more than a description that does. */
const nameWeight = 4;

/** They are in the text of most tools, or in most requests for one. */
const genericWords = new Set(
  "a an and api argument arguments by call data find for from get id in input name of on or output parameter parameters result that the this to tool tools type use using value with".split(
    " ",
  ),
);

export class KeywordSearch {
  readonly #matching: Sqlite.StatementSync;

  constructor(tools: readonly Tool[]) {
    // Loaded by the first search only: a gateway without the optimizer does not need it.
    const { DatabaseSync } = createRequire(import.meta.url)("node:sqlite") as typeof Sqlite;
    const database = new DatabaseSync(":memory:");
    database.exec("CREATE VIRTUAL TABLE tools USING fts5(name, description, tokenize = 'porter unicode61')");
    const insert = database.prepare("INSERT INTO tools (rowid, name, description) VALUES (?, ?, ?)");
    database.exec("BEGIN");
    for (const [index, { name, title, description }] of tools.entries()) {
      const text = [title, description].filter((part) => typeof part === "string").join(" ");
      insert.run(index, withSplitWords(name), text);
    }
    database.exec("COMMIT");
    this.#matching = database.prepare(
      `SELECT rowid FROM tools WHERE tools MATCH ? ORDER BY bm25(tools, ${nameWeight}.0, 1.0), rowid LIMIT ?`,
    );
  }

  /** Positions in the list, best first. */
  search(text: string, limit: number): number[] {
    const expression = matchExpression(text);
    if (expression === "") return [];
    return this.#matching.all(expression, limit).map(({ rowid }) => Number(rowid));
  }
}

/** Any of the words; each quoted, so that none is an operator of FTS5. Empty if there is nothing to search for. */
export function matchExpression(text: string): string {
  const words = new Set(
    withSplitWords(text)
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu) ?? [],
  );
  const telling = [...words].filter((word) => !genericWords.has(word));
  return telling.map((word) => `"${word}"`).join(" OR ");
}

/** FTS5 splits at underscores, and not within `createRefund`. */
function withSplitWords(text: string): string {
  const split = text.replace(/(\p{Ll})(\p{Lu})/gu, "$1 $2");
  return split === text ? text : `${text} ${split}`;
}
