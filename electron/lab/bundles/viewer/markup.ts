import type { Brief } from "../../../model/brief-text.ts";

// Characters that would end the text, reorder it or be invisible. All text of a report is untrusted, and is escaped here.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are to be removed
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]/g;

/** Escapes text for HTML or SVG, in an element or in a quoted attribute. */
export function escapeHtml(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(UNSEEN, "\ufffd")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
}

/** A text in brief, which opens to the whole. */
export function briefHtml({ pieces, isShortened }: Brief, whole: string): string {
  const shown = pieces.map(({ text, isMarked }) => (isMarked ? `<mark>${escapeHtml(text)}</mark>` : escapeHtml(text)));
  if (!isShortened) return shown.join("");
  return `<details class="brief"><summary>${shown.join("")}</summary>${escapeHtml(whole)}</details>`;
}

/** JSON for a script element: nothing in it can end the element or a line, or reorder the visible text. */
export function jsonForScript(value: unknown): string {
  const spelled = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return JSON.stringify(value)
    .replaceAll(/[<>&\u2028\u2029]/g, spelled)
    .replaceAll(UNSEEN, spelled);
}

export function shorten(text: string, chars: number): string {
  return text.length > chars ? `${text.slice(0, Math.max(1, chars - 1))}…` : text;
}
