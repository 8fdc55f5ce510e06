import type { Settings, SettingsChange } from "../../../contract/settings.ts";
import type { Preferences } from "./preferences.ts";

/** Called with the settings as they are now and what was changed. */
export type SettingsListener = (settings: Settings, change: SettingsChange) => void;

/** What a person has chosen, and whoever is to hear of a change. */
export class SettingsService {
  readonly #preferences: Preferences;
  readonly #listeners = new Set<SettingsListener>();
  #version = 1;

  constructor(preferences: Preferences) {
    this.#preferences = preferences;
  }

  /** Grows with every change. */
  get version(): number {
    return this.#version;
  }

  current(): Settings {
    return this.#preferences.settings();
  }

  /** @throws LabError `read-only` */
  change(change: SettingsChange): Settings {
    const changed = this.#preferences.change(change);
    this.#version++;
    for (const listener of this.#listeners) listener(changed, change);
    return changed;
  }

  onChange(listener: SettingsListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}
