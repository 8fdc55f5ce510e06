import { useEffect, useRef } from "react";
import { type ShortcutHandlers, shortcutFor } from "./shortcuts.ts";

/** Maximum time between the keys of a two-key shortcut. */
const SEQUENCE_MS = 1_200;

/** Inputs in which letters are text; a switch is an input too, but ignores letters. */
const TEXT_FIELD = 'input:not([type="checkbox"], [type="radio"]), textarea, select';

/** Handles the shortcuts with a handler while the component is mounted. */
export function useShortcuts(handlers: ShortcutHandlers): void {
  const latest = useRef(handlers);
  latest.current = handlers;
  useEffect(() => {
    let before: { key: string; atMs: number } | undefined;
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.repeat) return;
      const mod = event.ctrlKey || event.metaKey;
      if (!mod && isTakenBy(event.target)) return;
      const first = before !== undefined && event.timeStamp - before.atMs < SEQUENCE_MS ? before.key : undefined;
      before = { key: event.key.toLowerCase(), atMs: event.timeStamp };
      const press = { key: event.key, mod, shift: event.shiftKey, alt: event.altKey };
      const id = shortcutFor(press, first);
      const handler = id === undefined ? undefined : latest.current[id];
      // In a text field these keys redo typing.
      if (handler === undefined || (id === "undo-all" && isTakenBy(event.target))) return;
      event.preventDefault();
      handler();
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);
}

/** Keys typed into a field, and keys of a dialog or menu, such as Escape, are not shortcuts. */
function isTakenBy(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target.matches(TEXT_FIELD)) return true;
  return target.closest('[role="dialog"], [role="menu"]') !== null;
}
