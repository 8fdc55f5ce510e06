/** What is wrong with a policy file: each problem in a line of its own, `file:line:column: field: what was expected`. */
import { type Document, isMap, isNode, isScalar, type LineCounter, type YAMLError } from "yaml";
import type { z } from "zod";

const knownFields: Readonly<Record<string, string>> = {
  "": "known fields are rules, budgets, defaultAction, reads, writes",
  rules: "a rule's fields are tool, action, redactFields",
  budgets: "the known budget is maxToolCallsPerTurn",
};

/** The correction of what people get wrong most; everything else in a file's syntax is one of quotes, brackets and indentation. */
const syntaxHints: Partial<Record<YAMLError["code"], string>> = {
  BLOCK_AS_IMPLICIT_KEY: 'a second ": " on this line; put a value that contains a colon in quotes',
  DUPLICATE_KEY: "this field is written twice",
  MULTIPLE_DOCS: "a second document begins here; a file holds one",
  TAB_AS_INDENT: "a tab is used as indentation; use spaces",
};

export class PolicyProblems {
  readonly #where: string;
  readonly #lines: LineCounter;

  constructor(where: string, lines: LineCounter) {
    this.#where = where;
    this.#lines = lines;
  }

  ofSyntax(error: YAMLError): string {
    const hint = syntaxHints[error.code] ?? "check quotes, brackets and indentation of this line and the one above";
    return this.#at(error.pos[0], `not valid YAML: ${hint}`);
  }

  ofValue(document: Document, issue: z.core.$ZodIssue): string[] {
    const field = issue.path.reduce<string>(
      (all, part) => (typeof part === "number" ? `${all}[${part}]` : `${all}${all && "."}${String(part)}`),
      "",
    );
    const prefix = field === "" ? "" : `${field}: `;
    if (issue.code !== "unrecognized_keys") return [this.#at(offsetOf(document, issue.path), prefix + issue.message)];
    const known = knownFields[String(issue.path[0] ?? "")];
    return issue.keys.map((key) =>
      this.#at(keyOffset(document, issue.path, key), `${prefix}unknown field ${JSON.stringify(key)} (${known})`),
    );
  }

  #at(offset: number, text: string): string {
    const { line, col } = this.#lines.linePos(offset);
    return `${this.#where}:${Math.max(1, line)}:${Math.max(1, col)}: ${text}`;
  }
}

/** Of the value, or of its nearest parent that exists. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number {
  for (let depth = path.length; depth >= 0; depth -= 1) {
    const node = document.getIn(path.slice(0, depth), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return 0;
}

function keyOffset(document: Document, path: readonly PropertyKey[], key: string): number {
  const map = document.getIn(path, true);
  const pair = isMap(map) ? map.items.find((item) => isScalar(item.key) && String(item.key.value) === key) : undefined;
  return isScalar(pair?.key) && pair.key.range ? pair.key.range[0] : offsetOf(document, path);
}
