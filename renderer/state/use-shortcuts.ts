import { useEffect, useRef } from "react";
import { type ShortcutHandlers, shortcutFor } from "./shortcuts.ts";

/** The first key of a two-key shortcut counts for this long. */
const SEQUENCE_MS = 1_200;

/** A switch is an input, too, and one that was just used has the focus; no letter means anything to it. */
const TEXT_FIELD = 'input:not([type="checkbox"], [type="radio"]), textarea, select';

/** Acts on the shortcuts that it is given a handler for, while the component is shown. */
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
      // In a field these keys bring back what was typed.
      if (handler === undefined || (id === "undo-all" && isTakenBy(event.target))) return;
      event.preventDefault();
      handler();
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);
}

/** What is typed into a field, and a dialog's or a menu's own keys, such as Escape, mean nothing else. */
function isTakenBy(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target.matches(TEXT_FIELD)) return true;
  return target.closest('[role="dialog"], [role="menu"]') !== null;
}
