import type { Settings, SettingsChange } from "../../../contract/settings.ts";
import type { Preferences } from "./preferences.ts";

/** Called with the settings as they are now and what was changed. */
export type SettingsListener = (settings: Settings, change: SettingsChange) => void;

/** What a person has chosen, and whoever is to hear of a change. */
export class SettingsService {
  readonly #preferences: Preferences;
  readonly #listeners = new Set<SettingsListener>();
  #current: Settings;
  #version = 1;

  constructor(preferences: Preferences) {
    this.#preferences = preferences;
    this.#current = preferences.settings();
  }

  /** Grows with every change. */
  get version(): number {
    return this.#version;
  }

  current(): Settings {
    return this.#current;
  }

  /** @throws LabError `read-only` */
  change(change: SettingsChange): Settings {
    this.#current = this.#preferences.change(change);
    this.#version++;
    for (const listener of this.#listeners) listener(this.#current, change);
    return this.#current;
  }

  onChange(listener: SettingsListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}
