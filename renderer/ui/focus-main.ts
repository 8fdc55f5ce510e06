/** Focuses the page after the focused element was removed, so that the next Tab moves into it. */
export function focusMain(): void {
  focusPart("main");
}

/** Focuses a part of the page, so that the next Tab moves into it; the page itself while that part is not there. */
export function focusPart(id: string): void {
  const part = document.getElementById(id) ?? document.getElementById("main");
  part?.focus();
  part?.scrollIntoView({ block: "nearest" });
}
