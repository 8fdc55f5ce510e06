import type { Problem } from "../../electron/contract/errors.ts";

/** The interface needed to find a line; CodeMirror's text implements it. */
interface Lines {
  readonly lines: number;
  line(number: number): { from: number; to: number; text: string };
}

/**
 * The range to mark for a problem, which has a position and no length: the rest of its line, or the whole text of the line
 * when it is at its end. The text may have changed since it was checked, so the position may no longer exist.
 */
export function rangeOf(text: Lines, { line, column }: Pick<Problem, "line" | "column">): { from: number; to: number } {
  const at = text.line(Math.min(Math.max(line, 1), text.lines));
  const start = at.from + at.text.length - at.text.trimStart().length;
  const from = at.from + Math.max(column - 1, 0);
  return { from: from >= at.to ? start : Math.max(from, start), to: at.to };
}
