import { useEffect, useRef } from "react";
import { createStore } from "zustand";

/** The palette's query, also of keys typed before its field is there. */
export const typedAheadStore = createStore<{
  query: string;
  /** Enter was pressed before the field was there: the first match is taken once there is one. */
  isEntered: boolean;
}>(() => ({ query: "", isEntered: false }));

interface Palette {
  isOpen(): boolean;
  /** The accessible name of its dialog. */
  name: string;
  close(): void;
}

/**
 * From the moment the palette is asked for, keys are its own: they begin its query, although its code may still be loading and
 * its field gets the focus after it is drawn. They would otherwise be shortcuts of the page, such as the space bar's.
 */
export function useTypedAhead(palette: Palette): void {
  const latest = useRef(palette);
  latest.current = palette;
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const { isOpen, name, close } = latest.current;
      if (!isOpen() || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.target instanceof Element && event.target.closest(`[role="dialog"][aria-label="${name}"]`) !== null)
        return;
      event.preventDefault();
      event.stopImmediatePropagation();
      if (event.key === "Escape") close();
      else typedAheadStore.setState((typed) => withKey(typed, event.key));
    };
    window.addEventListener("keydown", onKey, { capture: true });
    return () => window.removeEventListener("keydown", onKey, { capture: true });
  }, []);
}

type Typed = ReturnType<typeof typedAheadStore.getState>;

function withKey(typed: Typed, key: string): Typed {
  if (key === "Enter") return { ...typed, isEntered: true };
  if (key === "Backspace") return { query: typed.query.slice(0, -1), isEntered: false };
  return key.length === 1 ? { query: typed.query + key, isEntered: false } : typed;
}
