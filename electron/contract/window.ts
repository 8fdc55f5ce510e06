/** Windows served at once, and event streams that each may have open: 512 subscribers in total. */
export const WINDOW_LIMIT = 16;
export const STREAMS_PER_WINDOW = 32;

/**
 * A window of the browser host is authorized by the browser's cookie and by a key that only a page of the lab's own
 * origin, its port included, can read: browsers send cookies to every port of a host. The key is in the window's
 * sessionStorage under this name, and is sent with each fetch in this header.
 */
export const WINDOW_KEY_ITEM = "resilience-lab:window-key";
export const WINDOW_KEY_HEADER = "x-lab-window";

/** The BroadcastChannel on which a window without a key requests one from the others of its browser. */
export const INVITATION_CHANNEL = "resilience-lab:invitations";

/** The first message on a window's WebSocket, before any call. */
export interface WindowHello {
  /** The window's key. */
  window: string;
}

/** The lab's answer: the key that replaces the one that was sent, or why the window is refused. */
export type WindowWelcome = { window: string } | { refused: { code: string; message: string; hint: string } };

/** Why the lab closes a window's WebSocket, besides the codes of the protocol itself. */
export const WINDOW_CLOSE = {
  goingAway: 1001,
  /** Too many messages outside the contract. */
  malformed: 4400,
  /** The first message had no key that the lab knows: never issued, already used, or expired. */
  unknownKey: 4401,
  /** No first message arrived in time. */
  noKey: 4408,
  /** The same window connected again. */
  superseded: 4409,
  /** {@link WINDOW_LIMIT} windows are already connected. */
  tooManyWindows: 4429,
} as const;
