/** Focuses the page after the focused element was removed, so that the next Tab moves into it. */
export function focusMain(): void {
  document.getElementById("main")?.focus();
}
