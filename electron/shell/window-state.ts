import { readFileSync, writeFileSync } from "node:fs";
import { z } from "zod";

const size = z.int().min(1).max(100_000);
const place = z.int().min(-100_000).max(100_000);
const windowState = z.object({
  width: size,
  height: size,
  position: z.object({ x: place, y: place }).nullable(),
  isMaximized: z.boolean(),
});
export type WindowState = z.infer<typeof windowState>;

const FIRST: WindowState = { width: 1280, height: 800, position: null, isMaximized: false };
/** Of the window must be on a screen at least, so that it can be taken hold of. */
const VISIBLE_PX = 80;

interface Area {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Where the window was last; where the system puts it when that is not known, or is on a screen no longer there. */
export function readWindowState(file: string, screens: readonly Area[]): WindowState {
  let state: WindowState;
  try {
    state = windowState.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    return FIRST; // the first start, or a file that someone has edited
  }
  const { position, width } = state;
  if (position === null) return state;
  const { x, y } = position;
  const isVisible = screens.some(
    (screen) =>
      x + width > screen.x + VISIBLE_PX &&
      x < screen.x + screen.width - VISIBLE_PX &&
      y >= screen.y &&
      y < screen.y + screen.height - VISIBLE_PX,
  );
  return isVisible ? state : { ...state, position: null };
}

export function writeWindowState(file: string, state: WindowState): void {
  try {
    writeFileSync(file, JSON.stringify(state));
  } catch {
    // The next start opens where the system puts it: not worth holding up the quit.
  }
}
