import { isMap, isNode, isScalar, LineCounter, parseDocument } from "yaml";
import { LabError } from "../lab-error.ts";
import { decodeText } from "./decode-text.ts";
import { readWholeFile } from "./read-whole-file.ts";
import { YamlAliases } from "./yaml-aliases.ts";
import { yamlMessage } from "./yaml-message.ts";

/** Larger than any written scenario or stack file; guards against a wrong path. */
export const DOCUMENT_LIMIT_BYTES = 1024 * 1024;

/** Of the faults in a file's syntax: those after the first are often caused by it. */
const SYNTAX_PROBLEMS = 5;

export type Path = readonly PropertyKey[];

/** A problem in a document with its position; lines and columns start at 1. */
export interface Problem {
  file: string;
  line: number;
  column: number;
  message: string;
}

/** A YAML file with the position of each of its values. */
export interface YamlDocument {
  file: string;
  source: string;
  value: unknown;
  /** A problem at the value under `path`, or at its nearest parent that exists. */
  problemAt(path: Path, message: string): Problem;
  /** A problem with the last field of `path`, at its name, since its value may start lines below. */
  problemAtField(path: Path, message: string): Problem;
}

/** Thrown with all the problems of one file, so that they can be fixed together. */
export class DocumentError extends LabError {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[], options: { hint?: string } = {}) {
    super("bad-input", problems.map(formatProblem).join("\n"), options);
    this.name = "DocumentError";
    this.problems = problems;
  }
}

export function formatProblem({ file, line, column, message }: Problem): string {
  return `${file}:${line}:${column}: ${message}`;
}

/** An escape in double quotes can write half of a surrogate pair, which UTF-8 cannot: U+FFFD takes its place. */
function wellFormed(_key: unknown, value: unknown): unknown {
  return typeof value === "string" ? value.toWellFormed() : value;
}

/** The text of a document that a person has written. @throws LabError when it is not a regular file or too large, DocumentError when it is not UTF-8 */
export function readDocument(file: string): string {
  const decoded = decodeText(readWholeFile(file, DOCUMENT_LIMIT_BYTES));
  if ("problem" in decoded) throw new DocumentError([{ file, ...decoded.problem }]);
  return decoded.text;
}

export function readYaml(file: string): YamlDocument {
  return parseYaml(readDocument(file), file);
}

/**
 * Merge keys (`<<`) are resolved, as compose resolves them.
 * @throws DocumentError for text that is not YAML, too large, or refers to itself in ways that grow without end
 */
export function parseYaml(source: string, file: string): YamlDocument {
  const problem = (offset: number, message: string): Problem => {
    const { line, col } = counter.linePos(offset);
    return { file, line: Math.max(1, line), column: Math.max(1, col), message };
  };
  const counter = new LineCounter();
  if (Buffer.byteLength(source) > DOCUMENT_LIMIT_BYTES) {
    throw new DocumentError([{ file, line: 1, column: 1, message: `larger than ${DOCUMENT_LIMIT_BYTES / 1024} KiB` }]);
  }
  const document = parseDocument(source, { lineCounter: counter, prettyErrors: false, uniqueKeys: true, merge: true });
  if (document.errors.length > 0) {
    const shown = document.errors.slice(0, SYNTAX_PROBLEMS);
    throw new DocumentError(shown.map((error) => problem(error.pos[0], yamlMessage(error))));
  }
  const aliases = new YamlAliases(document);
  if (aliases.problems.length > 0) {
    throw new DocumentError(aliases.problems.map(({ offset, message }) => problem(offset, message)));
  }
  const value: unknown = document.toJS({ maxAliasCount: -1, reviver: wellFormed });
  const offsetAt = (path: Path): number | undefined => aliases.nodeAt(path)?.range?.[0];
  const problemAt = (path: Path, message: string): Problem => {
    for (let depth = path.length; depth >= 0; depth--) {
      const offset = offsetAt(path.slice(0, depth));
      if (offset !== undefined) return problem(offset, message);
    }
    return problem(0, message);
  };
  return {
    file,
    source,
    value,
    problemAt,
    problemAtField(path, message) {
      const parent = aliases.nodeAt(path.slice(0, -1));
      const field = isMap(parent) ? aliases.pairOf(parent, String(path.at(-1)))?.key : undefined;
      const offset = isScalar(field) && isNode(field) ? field.range?.[0] : undefined;
      return offset === undefined ? problemAt(path, message) : problem(offset, message);
    },
  };
}
