/** Unsaved text, kept in the browser's storage so that it survives closing and reloading the window. */
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
      // Storage may be forbidden or full; leaving the text asks for confirmation in any case.
      return undefined;
    }
  };
  return {
    read: (place) => safely((store) => store.getItem(PREFIX + place)) ?? undefined,
    keep: (place, text) => safely((store) => store.setItem(PREFIX + place, text)),
    forget: (place) => safely((store) => store.removeItem(PREFIX + place)),
  };
}
