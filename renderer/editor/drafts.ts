/** What was written and not saved, kept in the browser's storage: a window that is closed or reloaded loses nothing. */
export interface Drafts {
  read(place: string): string | undefined;
  keep(place: string, text: string): void;
  forget(place: string): void;
}

const PREFIX = "resilience-lab:draft:";

export function createDrafts(storage: () => Storage): Drafts {
  const safely = <Value>(work: (store: Storage) => Value): Value | undefined => {
    try {
      return work(storage());
    } catch {
      // Storage may be forbidden or full; a person is asked before the text is left in any case.
      return undefined;
    }
  };
  return {
    read: (place) => safely((store) => store.getItem(PREFIX + place)) ?? undefined,
    keep: (place, text) => safely((store) => store.setItem(PREFIX + place, text)),
    forget: (place) => safely((store) => store.removeItem(PREFIX + place)),
  };
}
