/** For what has had the focus and is gone: the page has it then, and the next Tab leads into it. */
export function focusMain(): void {
  document.getElementById("main")?.focus();
}
