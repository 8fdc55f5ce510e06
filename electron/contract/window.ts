/** What the lab promises: windows that it serves at once, and event streams that each may have open. 512 subscribers in all. */
export const WINDOW_LIMIT = 16;
export const STREAMS_PER_WINDOW = 32;

/**
 * A window of the browser host is let in by the browser's cookie and by a key that only a page of the lab's own origin,
 * its port included, can read: browsers send cookies to every port of a host. The key is in the window's sessionStorage
 * under this name, and goes with each fetch in this header.
 */
export const WINDOW_KEY_ITEM = "resilience-lab:window-key";
export const WINDOW_KEY_HEADER = "x-lab-window";

/** The BroadcastChannel on which a window without a key asks the others of its browser for one. */
export const INVITATION_CHANNEL = "resilience-lab:invitations";

/** The first message on a window's WebSocket, before any call. */
export interface WindowHello {
  /** The window's key. */
  window: string;
}

/** The lab's answer to it: the key that takes the place of the one that was sent, or why the window is not let in. */
export type WindowWelcome = { window: string } | { refused: { code: string; message: string; cure: string } };

/** Why the lab closes a window's WebSocket, besides the codes of the protocol itself. */
export const WINDOW_CLOSE = {
  goingAway: 1001,
  /** Messages that are none of the contract's came again and again. */
  malformed: 4400,
  /** The first message held no key that the lab knows: never given, used up, or unused for too long. */
  unknownKey: 4401,
  /** No first message came in time. */
  noKey: 4408,
  /** The same window has connected again. */
  superseded: 4409,
  /** There are {@link WINDOW_LIMIT} windows already. */
  tooManyWindows: 4429,
} as const;
