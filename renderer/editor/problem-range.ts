import type { Problem } from "../../electron/contract/errors.ts";

/** As much of a text as is needed to find a line; CodeMirror's own text is one. */
interface Lines {
  readonly lines: number;
  line(number: number): { from: number; to: number; text: string };
}

/**
 * What to mark of a problem, which is at a place and not over a stretch: the rest of its line, or the line's words when it
 * is at their end. The text may have changed since it was checked, so the place may no longer be there.
 */
export function rangeOf(text: Lines, { line, column }: Pick<Problem, "line" | "column">): { from: number; to: number } {
  const at = text.line(Math.min(Math.max(line, 1), text.lines));
  const words = at.from + at.text.length - at.text.trimStart().length;
  const from = at.from + Math.max(column - 1, 0);
  return { from: from >= at.to ? words : Math.max(from, words), to: at.to };
}
