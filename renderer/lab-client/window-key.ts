import { WINDOW_KEY_HEADER, WINDOW_KEY_ITEM } from "../../electron/contract/window.ts";
import { askForInvitation } from "./invitations.ts";

/**
 * This window's key to the lab. Stored in the window's sessionStorage, which no page of another port can read and which
 * survives a reload. Changes with every connection.
 */
export class WindowKey {
  readonly #storage: Storage;

  constructor(storage: Storage = window.sessionStorage) {
    this.#storage = storage;
  }

  /** The window's own key, or one from another window of this browser; undefined without either. */
  async get(signal: AbortSignal): Promise<string | undefined> {
    const own = this.#storage.getItem(WINDOW_KEY_ITEM);
    if (own !== null) return own;
    const invited = await askForInvitation(signal);
    if (invited !== undefined) this.keep(invited);
    return invited;
  }

  keep(key: string): void {
    this.#storage.setItem(WINDOW_KEY_ITEM, key);
  }

  /** The key is invalid: a copy of this window used it, it has expired, or the lab was restarted. */
  forget(): void {
    this.#storage.removeItem(WINDOW_KEY_ITEM);
  }

  /** Headers for fetches. */
  headers(): Record<string, string> {
    const key = this.#storage.getItem(WINDOW_KEY_ITEM);
    return key === null ? {} : { [WINDOW_KEY_HEADER]: key };
  }
}
