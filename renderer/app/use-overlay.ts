import { useEffect, useRef, useState } from "react";

/** What opens over any page. */
export type Overlay = "palette" | "help";

export interface OverlayControl {
  /** What is open now. */
  shown: Overlay | undefined;
  /** `giveBackTo` has the focus when it closes: without one, what has it now. */
  open(overlay: Overlay, giveBackTo?: HTMLElement | null): void;
  /** Closes this one: another may have taken its place. */
  close(overlay: Overlay): void;
}

/**
 * One overlay at a time, which may be asked for before its code is there. Who had the focus is noted when it is asked for, and not
 * by the dialog itself: one that is first shown open, or in the place of another, has not seen who it was.
 */
export function useOverlay(): OverlayControl {
  const [shown, setShown] = useState<Overlay>();
  const giveBackTo = useRef<HTMLElement | null>(null);

  useEffect(() => {
    if (shown !== undefined || giveBackTo.current === null) return;
    const holder = document.activeElement;
    // What the overlay did may have led the focus elsewhere.
    if (holder === null || holder === document.body || holder.closest('[role="dialog"]') !== null) {
      giveBackTo.current.focus({ preventScroll: true });
    }
    giveBackTo.current = null;
  }, [shown]);

  return {
    shown,
    open: (overlay, from) => {
      const holder = from ?? document.activeElement;
      if (shown === undefined && holder instanceof HTMLElement) giveBackTo.current = holder;
      setShown(overlay);
    },
    close: (overlay) => setShown((now) => (now === overlay ? undefined : now)),
  };
}
