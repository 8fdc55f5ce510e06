import { useSpotlight } from "@mantine/spotlight";
import { useEffect, useRef, useState } from "react";
import { palette, paletteStore, typedAheadStore, useTypedAhead } from "./palette-store.ts";

/** Overlays available on every page. */
export interface Overlays {
  isHelpOpen: boolean;
  /** `returnFocusTo` gets the focus when it is closed; by default the element focused now. */
  openHelp(returnFocusTo?: HTMLElement | null): void;
  closeHelp(): void;
  openPalette(): void;
}

/**
 * Overlays may be requested before their code is loaded. The focused element is recorded on request and not by the dialog:
 * a dialog that is first rendered open, or that replaces another one, cannot know it.
 */
export function useOverlays(): Overlays {
  const [isHelpOpen, setHelpOpen] = useState(false);
  const { opened: isPaletteOpen } = useSpotlight(paletteStore);
  const returnFocusTo = useRef<HTMLElement>(undefined);
  const isAnyOpen = isHelpOpen || isPaletteOpen;
  useTypedAhead();

  useEffect(() => {
    if (isAnyOpen) return;
    // A dialog that is closed before it got the focus takes the focus while closing, and then removes it from the page.
    const leaving = [...document.querySelectorAll('[role="dialog"]')];
    const returnFocus = () => returnFocusTo.current?.focus({ preventScroll: true });
    const onFocus = ({ target }: FocusEvent) => leaving.some((each) => each.contains(target as Node)) && returnFocus();
    const focused = document.activeElement;
    // The overlay's action may have moved the focus.
    if (focused === document.body || isInDialog(focused)) returnFocus();
    document.addEventListener("focusin", onFocus);
    return () => document.removeEventListener("focusin", onFocus);
  }, [isAnyOpen]);

  const note = (focused: Element | null) => {
    if (focused instanceof HTMLElement && !isInDialog(focused)) returnFocusTo.current = focused;
  };
  return {
    isHelpOpen,
    openHelp: (from) => {
      note(from ?? document.activeElement);
      setHelpOpen(true);
    },
    closeHelp: () => setHelpOpen(false),
    openPalette: () => {
      note(document.activeElement);
      // Reopened while it fades out, it would still contain the previous query.
      typedAheadStore.setState({ query: "", isEntered: false });
      palette.open();
    },
  };
}

function isInDialog(element: Element | null): boolean {
  return element !== null && element.closest('[role="dialog"]') !== null;
}
