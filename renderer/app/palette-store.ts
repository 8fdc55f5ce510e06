import { createSpotlight } from "@mantine/spotlight";
import { useEffect } from "react";
import { createStore } from "zustand";

export const [paletteStore, palette] = createSpotlight();
/** The accessible name of its dialog. */
export const PALETTE_NAME = "Command palette";
const PALETTE = `[role="dialog"][aria-label="${PALETTE_NAME}"]`;

/** The palette's query, also of keys typed before its field is there. */
export const typedAheadStore = createStore<{
  query: string;
  /** Enter was pressed before the field was there: the first match is taken once there is one. */
  isEntered: boolean;
}>(() => ({ query: "", isEntered: false }));

/**
 * From the moment the palette is asked for, keys are its own: they begin its query, although its code may still be loading and
 * its field gets the focus after it is drawn. They would otherwise be shortcuts of the page, such as the space bar's.
 */
export function useTypedAhead(): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (!paletteStore.getState().opened || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.target instanceof Element && event.target.closest(PALETTE) !== null) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      if (event.key === "Escape") palette.close();
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
