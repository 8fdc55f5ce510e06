import { createSpotlight, useSpotlight } from "@mantine/spotlight";
import { useEffect, useRef, useState } from "react";

export const [paletteStore, palette] = createSpotlight();

/** What opens over any page. */
export interface Overlays {
  isHelpOpen: boolean;
  /** `giveBackTo` has the focus when it is closed: without one, what has it now. */
  openHelp(giveBackTo?: HTMLElement | null): void;
  closeHelp(): void;
  openPalette(): void;
}

/**
 * Overlays may be asked for before their code is there. Who had the focus is noted when one is asked for, and not by the dialog
 * itself: one that is first shown open, or in the place of another, has not seen who it was.
 */
export function useOverlays(): Overlays {
  const [isHelpOpen, setHelpOpen] = useState(false);
  const { opened: isPaletteOpen } = useSpotlight(paletteStore);
  const giveBackTo = useRef<HTMLElement>(undefined);
  const isAnyOpen = isHelpOpen || isPaletteOpen;

  useEffect(() => {
    if (isAnyOpen) return;
    // A dialog that is closed before it has taken the focus takes it while it is leaving, and is then gone with it.
    const leaving = [...document.querySelectorAll('[role="dialog"]')];
    const giveBack = () => giveBackTo.current?.focus({ preventScroll: true });
    const onFocus = ({ target }: FocusEvent) => leaving.some((each) => each.contains(target as Node)) && giveBack();
    const holder = document.activeElement;
    // What the overlay did may have led the focus elsewhere.
    if (holder === document.body || isInDialog(holder)) giveBack();
    document.addEventListener("focusin", onFocus);
    return () => document.removeEventListener("focusin", onFocus);
  }, [isAnyOpen]);

  const note = (holder: Element | null) => {
    if (holder instanceof HTMLElement && !isInDialog(holder)) giveBackTo.current = holder;
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
      palette.open();
    },
  };
}

function isInDialog(element: Element | null): boolean {
  return element !== null && element.closest('[role="dialog"]') !== null;
}
