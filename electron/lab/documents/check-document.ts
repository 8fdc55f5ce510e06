import type { z } from "zod";
import { formatPath } from "../../model/issue-text.ts";
import { NO_FORM_FITS, ofOneField } from "../../model/zod-messages.ts";
import { DocumentError, type Path, type Problem, type YamlDocument } from "./yaml-document.ts";

type Issue = z.core.$ZodIssue;

/** What a caller knows of a field that its schema does not have; undefined where it knows nothing. */
type UnknownField = (path: Path) => string | undefined;

/** Parses the document by the schema. @throws DocumentError naming file, line, column and what was expected. */
export function checkDocument<Schema extends z.ZodType>(
  document: YamlDocument,
  schema: Schema,
  unknownField: UnknownField = () => undefined,
): z.output<Schema> {
  const result = schema.safeParse(document.value);
  if (result.success) return result.data;
  const problems = result.error.issues.flatMap((issue) => explain(document, issue, [], unknownField));
  throw new DocumentError(dedupe(problems));
}

function explain(document: YamlDocument, issue: Issue, above: Path, unknownField: UnknownField): Problem[] {
  const path = [...above, ...issue.path];
  if (issue.code === "invalid_union") {
    const branch = closestBranch(issue.errors);
    return branch === undefined
      ? [document.problemAt(path, `${where(path)}${issue.message || NO_FORM_FITS}`)]
      : branch.flatMap((inner) => explain(document, inner, path, unknownField));
  }
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => {
      // A schema may have a message of its own, which is of one field.
      const own = issue.keys.length === 1 ? issue.message : ofOneField(issue.message, key);
      const message = unknownField([...path, key]) ?? own;
      return document.problemAtField([...path, key], `${where(path)}${message}`);
    });
  }
  return [document.problemAt(path, `${where(path)}${issue.message}`)];
}

/**
 * The alternative that the writer probably meant: the one that accepts most of the given fields. None when two are equally
 * distant, or when the value is of a different type.
 */
function closestBranch(branches: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  const [best, next] = branches
    .map((issues) => ({ issues, distance: issues.reduce((sum, issue) => sum + distanceOf(issue), 0) }))
    .sort((a, b) => a.distance - b.distance);
  if (best === undefined || best.distance >= DIFFERENT_TYPE || best.distance === next?.distance) return undefined;
  return best.issues;
}

const DIFFERENT_TYPE = 1_000;

function distanceOf(issue: Issue): number {
  if (issue.path.length > 0) return issue.path.length === 1 ? 1 : 0;
  if (issue.code === "unrecognized_keys") return 10 * issue.keys.length;
  return issue.code === "custom" ? 0 : DIFFERENT_TYPE;
}

function where(path: Path): string {
  const text = formatPath(path);
  return text && `${text}: `;
}

function dedupe(problems: Problem[]): Problem[] {
  const seen = new Set<string>();
  return problems.filter((problem) => {
    const key = `${problem.line}:${problem.column}:${problem.message}`;
    return !seen.has(key) && seen.add(key);
  });
}
