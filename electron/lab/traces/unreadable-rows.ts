import { describeIssues } from "../../model/issue-text.ts";
import "../../model/zod-messages.ts";
import type { MissingDecisions } from "./decision-source.ts";

/** Number of distinct kinds of rows; further ones are only counted. */
const KINDS_LIMIT = 50;

interface Kind extends MissingDecisions {
  rows: number;
}

/** Rows that could not be parsed, counted by tool and decision, as far as these could be read. */
export class UnreadableRows {
  readonly #kinds = new Map<string, Kind>();
  readonly #called: string;

  /** @param called name of a row in messages, before its number, such as "audit row" */
  constructor(called: string) {
    this.#called = called;
  }

  /** @returns the message to report; undefined when a row of the same kind was reported before */
  add(raw: Readonly<Record<string, unknown>>, error: Parameters<typeof describeIssues>[0]): string | undefined {
    const [tool, decision] = [textOf(raw.tool_name), textOf(raw.decision)];
    const key = this.#kinds.size < KINDS_LIMIT ? JSON.stringify([tool, decision]) : "";
    const known = this.#kinds.get(key);
    if (known !== undefined) {
      known.rows++;
      return undefined;
    }
    const why = `${this.#called} ${String(raw.id)} cannot be parsed: ${describeIssues(error)}`;
    this.#kinds.set(key, { why, rows: 1, ...(key === "" ? {} : { tool, decision }) });
    return why;
  }

  missing(): MissingDecisions[] {
    return [...this.#kinds.values()].map(({ rows, why, ...known }) => ({
      ...known,
      why: rows === 1 ? why : `${rows} ${this.#called}s cannot be parsed, the first: ${why}`,
    }));
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
