import type { z } from "zod";
import type { MissingDecisions } from "./decision-source.ts";

/** Kinds of rows that are told apart; of more, nothing but their number is known. */
const KINDS_LIMIT = 50;

interface Kind extends MissingDecisions {
  rows: number;
}

/** Rows that were there and could not be understood: kept by tool and decision, as far as they told them. */
export class UnreadableRows {
  readonly #kinds = new Map<string, Kind>();
  readonly #called: string;

  /** @param called what stands before the number of a row in messages, such as "audit row" */
  constructor(called: string) {
    this.#called = called;
  }

  /** @returns what to report of this row; undefined when one like it was reported before */
  add(raw: Readonly<Record<string, unknown>>, { issues }: z.ZodError): string | undefined {
    const [tool, decision] = [textOf(raw.tool_name), textOf(raw.decision)];
    const key = this.#kinds.size < KINDS_LIMIT ? JSON.stringify([tool, decision]) : "";
    const known = this.#kinds.get(key);
    if (known !== undefined) {
      known.rows++;
      return undefined;
    }
    const problems = issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; ");
    const why = `${this.#called} ${String(raw.id)} cannot be understood: ${problems}`;
    this.#kinds.set(key, { why, rows: 1, ...(key === "" ? {} : { tool, decision }) });
    return why;
  }

  missing(): MissingDecisions[] {
    return [...this.#kinds.values()].map(({ rows, why, ...known }) => ({
      ...known,
      why: rows === 1 ? why : `${rows} ${this.#called}s cannot be understood, the first: ${why}`,
    }));
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
