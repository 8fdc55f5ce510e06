import type { z } from "zod";
import { DocumentError, type Path, type Problem, type YamlDocument } from "./yaml-document.ts";

type Issue = z.core.$ZodIssue;

/** Parses the document by the schema. @throws DocumentError naming file, line, column and what was expected */
export function checkDocument<Schema extends z.ZodType>(document: YamlDocument, schema: Schema): z.output<Schema> {
  const result = schema.safeParse(document.value);
  if (result.success) return result.data;
  const problems = result.error.issues.flatMap((issue) => explain(document, issue, []));
  throw new DocumentError(dedupe(problems));
}

function explain(document: YamlDocument, issue: Issue, above: Path): Problem[] {
  const path = [...above, ...issue.path];
  if (issue.code === "invalid_union") {
    const branch = closestBranch(issue.errors);
    return branch === undefined
      ? [document.problemAt(path, `${where(path)}${unionMessage(issue)}`)]
      : branch.flatMap((inner) => explain(document, inner, path));
  }
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => document.problemAtField([...path, key], `${where(path)}unknown field "${key}"`));
  }
  return [document.problemAt(path, `${where(path)}${simplify(issue.message)}`)];
}

function simplify(message: string): string {
  return message.replace(/^Invalid (input|option): /, "").replace(/, received undefined$/, ", but it is missing");
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

function unionMessage(issue: Extract<Issue, { code: "invalid_union" }>): string {
  return issue.message === "Invalid input" ? "this is none of the accepted forms" : issue.message;
}

function where(path: Path): string {
  const text = path.reduce<string>(
    (all, part) => (typeof part === "number" ? `${all}[${part}]` : `${all}${all && "."}${String(part)}`),
    "",
  );
  return text && `${text}: `;
}

function dedupe(problems: Problem[]): Problem[] {
  const seen = new Set<string>();
  return problems.filter((problem) => {
    const key = `${problem.line}:${problem.column}:${problem.message}`;
    return !seen.has(key) && seen.add(key);
  });
}
