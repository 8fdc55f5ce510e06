import {
  type Document,
  isMap,
  isNode,
  isScalar,
  LineCounter,
  type Node,
  parseDocument,
  visit,
  type YAMLParseError,
} from "yaml";
import { LabError, messageOf } from "../lab-error.ts";
import { readWholeFile } from "./read-whole-file.ts";

/** Larger than any written scenario or stack file; guards against a wrong path. */
export const DOCUMENT_LIMIT_BYTES = 1024 * 1024;

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

  constructor(problems: readonly Problem[]) {
    super("bad-input", problems.map(formatProblem).join("\n"));
    this.name = "DocumentError";
    this.problems = problems;
  }
}

export function formatProblem({ file, line, column, message }: Problem): string {
  return `${file}:${line}:${column}: ${message}`;
}

/** Reads the text of a document. @throws LabError when it is not a regular file, or too large */
export function readDocument(file: string): string {
  return readWholeFile(file, DOCUMENT_LIMIT_BYTES).toString("utf8");
}

export function readYaml(file: string): YamlDocument {
  return parseYaml(readDocument(file), file);
}

/** @throws DocumentError for text that is not YAML or too large, and for aliases that expand without bound */
export function parseYaml(source: string, file: string): YamlDocument {
  const problem = (offset: number, message: string): Problem => {
    const { line, col } = counter.linePos(offset);
    return { file, line: Math.max(1, line), column: Math.max(1, col), message };
  };
  const counter = new LineCounter();
  if (Buffer.byteLength(source) > DOCUMENT_LIMIT_BYTES) {
    throw new DocumentError([{ file, line: 1, column: 1, message: `larger than ${DOCUMENT_LIMIT_BYTES / 1024} KiB` }]);
  }
  const document = parseDocument(source, { lineCounter: counter, prettyErrors: false, uniqueKeys: true });
  if (document.errors.length > 0) {
    throw new DocumentError(document.errors.map((error) => problem(error.pos[0], simplify(error))));
  }
  const aliases = badAliases(document);
  if (aliases.length > 0) throw new DocumentError(aliases.map(({ offset, message }) => problem(offset, message)));
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    throw new DocumentError([problem(0, messageOf(error))]);
  }
  const nodeAt = (path: Path) => (path.length === 0 ? document.contents : document.getIn(path, true));
  const problemAt = (path: Path, message: string): Problem => {
    for (let depth = path.length; depth >= 0; depth--) {
      const node = nodeAt(path.slice(0, depth));
      const offset = isNode(node) ? (node as Node).range?.[0] : undefined;
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
      const parent = nodeAt(path.slice(0, -1));
      const field = isMap(parent)
        ? parent.items.find(({ key }) => nameOf(key) === String(path.at(-1)))?.key
        : undefined;
      const offset = isNode(field) ? field.range?.[0] : undefined;
      return offset === undefined ? problemAt(path, message) : problem(offset, message);
    },
  };
}

/** Replaces parser messages that only a programmer would understand. */
function simplify({ code, message }: YAMLParseError): string {
  return code === "MULTIPLE_DOCS" ? "a second document begins here; one file holds one" : message;
}

function nameOf(key: unknown): string | undefined {
  return isScalar(key) ? String(key.value) : undefined;
}

/** Aliases of unknown anchors, and aliases inside their own anchor, which would never end. */
function badAliases(document: Document): { offset: number; message: string }[] {
  const found: { offset: number; message: string }[] = [];
  visit(document, {
    Alias(_key, alias, above) {
      const target = alias.resolve(document);
      const offset = alias.range?.[0] ?? 0;
      if (target === undefined) found.push({ offset, message: `nothing before this is marked &${alias.source}` });
      else if (above.includes(target)) found.push({ offset, message: `*${alias.source} is a part of itself` });
    },
  });
  return found;
}
