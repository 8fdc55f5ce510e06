import { readFileSync, writeFileSync } from "node:fs";
import { z } from "zod";

const size = z.int().min(1).max(100_000);
const coordinate = z.int().min(-100_000).max(100_000);
const windowState = z.object({
  width: size,
  height: size,
  position: z.object({ x: coordinate, y: coordinate }).nullable(),
  isMaximized: z.boolean(),
});
export type WindowState = z.infer<typeof windowState>;

const FIRST: WindowState = { width: 1280, height: 800, position: null, isMaximized: false };
/** Minimum part of the window on a screen, so that it can be dragged. */
const VISIBLE_PX = 80;

interface Area {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** The last window position; placed by the system when unknown or no longer on any screen. */
export function readWindowState(file: string, screens: readonly Area[]): WindowState {
  let state: WindowState;
  try {
    state = windowState.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    return FIRST; // the first start, or an invalid file
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
    // The system then places the window at the next start: no reason to delay quitting.
  }
}
