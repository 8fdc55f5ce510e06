// What would end the text, reorder it or not be seen. Everything a report shows comes from a stack, a tool or a file of
// others, and all of it goes through here.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what has to go
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]/g;

/** Text as HTML or SVG, in an element or in a quoted attribute. */
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

/** JSON that stands in a script element: nothing in it can end that, or a line of it, or reorder what a person reads. */
export function jsonForScript(value: unknown): string {
  const spelled = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return JSON.stringify(value)
    .replaceAll(/[<>&\u2028\u2029]/g, spelled)
    .replaceAll(UNSEEN, spelled);
}

export function shorten(text: string, chars: number): string {
  return text.length > chars ? `${text.slice(0, Math.max(1, chars - 1))}…` : text;
}
