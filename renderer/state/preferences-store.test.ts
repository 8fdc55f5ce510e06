import { expect, test } from "vitest";
import { createPreferences, readPreferences } from "./preferences-store.ts";

function memory(): Storage {
  const kept = new Map<string, string>();
  return {
    get length() {
      return kept.size;
    },
    clear: () => kept.clear(),
    getItem: (key) => kept.get(key) ?? null,
    key: () => null,
    removeItem: (key) => void kept.delete(key),
    setItem: (key, value) => void kept.set(key, value),
  };
}

test("preferences are kept for the next start, except presenter mode", () => {
  const storage = memory();
  const first = createPreferences(() => storage).getState();
  first.set({ collapsesIdle: false, isPresenting: true });
  first.toggleLane("logs");
  const next = createPreferences(() => storage).getState();
  expect(next).toMatchObject({ collapsesIdle: false, hiddenLanes: ["logs"], isPresenting: false });
});

test("stored values of another version or program are read as far as they are valid", () => {
  expect(readPreferences(null)).toEqual({});
  expect(readPreferences({ collapsesIdle: "yes", hiddenLanes: ["logs", "gone", 3] })).toEqual({
    hiddenLanes: ["logs"],
  });
  expect(readPreferences({ inspectorPx: 400, stackPx: 1e9, playlist: "short" })).toEqual({
    inspectorPx: 400,
    playlist: "short",
  });
});
