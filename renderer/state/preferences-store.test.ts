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

test("what a person likes is there the next time, and presenting is not", () => {
  const storage = memory();
  const first = createPreferences(() => storage).getState();
  first.set({ collapsesIdle: false, isPresenting: true });
  first.toggleLane("logs");
  const next = createPreferences(() => storage).getState();
  expect(next).toMatchObject({ collapsesIdle: false, hiddenLanes: ["logs"], isPresenting: false });
});

test("what another version or program left is read as far as it makes sense", () => {
  expect(readPreferences(null)).toEqual({});
  expect(readPreferences({ collapsesIdle: "yes", hiddenLanes: ["logs", "gone", 3] })).toEqual({
    hiddenLanes: ["logs"],
  });
});
