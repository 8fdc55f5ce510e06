import { WINDOW_LIMIT } from "../../contract/window.ts";
import { digest, newSecret } from "./secret.ts";

/** Length of a tick. Ticks are counted, so that time in which the machine sleeps does not count. */
export const TICK_MS = 60_000;
/**
 * A window that was connected may reconnect within this: a reload takes a second; a tab that the browser discarded to
 * save memory reconnects when it is shown again.
 */
const KEPT_TICKS = 30;
/** An unused key expires soon: the page that it was issued for is being loaded. */
const UNUSED_TICKS = 2;
/** Maximum number of unused keys; beyond it the oldest is dropped. */
const UNUSED_LIMIT = 32;

interface KnownWindow {
  /** Digests. The previous key stays valid until the window has used the new one. */
  key: string;
  keyBefore: string | undefined;
  wasConnected: boolean;
  connection: { supersede: () => void } | undefined;
  idleTicks: number;
}

/** A window's connection, from its first message to its end. */
export interface ConnectedWindow {
  /** Replaces the key that it connected with. */
  nextKey: string;
  /** The window has the next key: the previous one is invalid from now on. */
  hasNextKey(): void;
  disconnected(): void;
}

/**
 * The keys of the windows. One key is one window: a second connection with it replaces the first, which may be half
 * open. Each connection changes the key. A window expires 30 minutes after its last connection ended, counted while the
 * machine is awake.
 */
export class WindowKeys {
  readonly #windows = new Set<KnownWindow>();

  /** Issues a key for one more window. */
  issue(): string {
    const unused = [...this.#windows].filter(({ wasConnected }) => !wasConnected);
    const [oldest] = unused;
    if (unused.length >= UNUSED_LIMIT && oldest !== undefined) this.#windows.delete(oldest);
    const key = newSecret();
    const window = { key: digest(key), keyBefore: undefined, wasConnected: false, connection: undefined, idleTicks: 0 };
    this.#windows.add(window);
    return key;
  }

  isKnown(key: string): boolean {
    return this.#find(key) !== undefined;
  }

  /** @param supersede called when the same window connects again while this connection is open */
  connect(key: string, supersede: () => void): ConnectedWindow | "unknown" | "too many" {
    const window = this.#find(key);
    if (window === undefined) return "unknown";
    if (window.connection === undefined && this.#connected() >= WINDOW_LIMIT) return "too many";
    window.connection?.supersede();
    const connection = { supersede };
    const nextKey = newSecret();
    Object.assign(window, { key: digest(nextKey), keyBefore: digest(key), wasConnected: true, connection });
    return {
      nextKey,
      hasNextKey: () => {
        if (window.connection === connection) window.keyBefore = undefined;
      },
      disconnected: () => {
        if (window.connection !== connection) return;
        window.connection = undefined;
        window.idleTicks = 0;
      },
    };
  }

  /** To be called every {@link TICK_MS}. */
  tick(): void {
    for (const window of this.#windows) {
      if (window.connection !== undefined) continue;
      window.idleTicks++;
      if (window.idleTicks > (window.wasConnected ? KEPT_TICKS : UNUSED_TICKS)) this.#windows.delete(window);
    }
  }

  #find(key: string): KnownWindow | undefined {
    const sought = digest(key);
    for (const window of this.#windows) if (window.key === sought || window.keyBefore === sought) return window;
    return undefined;
  }

  #connected(): number {
    return [...this.#windows].filter(({ connection }) => connection !== undefined).length;
  }
}
