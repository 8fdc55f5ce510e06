import { createStore } from "zustand";
import { createJSONStorage, persist } from "zustand/middleware";
import type { PaceKind } from "../../electron/contract/runs.ts";
import { isObject } from "../../electron/model/json.ts";
import { LANE_KINDS, type LaneKind } from "../../electron/model/lanes.ts";

/** Preferences of this window; the lab's own are in its settings. */
export interface Preferences {
  collapsesIdle: boolean;
  hiddenLanes: LaneKind[];
  showsInspector: boolean;
  isPresenting: boolean;
  /** How runs that are started from this window wait before their steps. */
  pace: PaceKind;
}

export interface PreferencesStore extends Preferences {
  set(change: Partial<Preferences>): void;
  toggleLane(kind: LaneKind): void;
}

const DEFAULTS: Preferences = {
  collapsesIdle: true,
  hiddenLanes: [],
  showsInspector: true,
  isPresenting: false,
  pace: "none",
};

export function createPreferences(storage: () => Storage) {
  return createStore<PreferencesStore>()(
    persist(
      (set, get) => ({
        ...DEFAULTS,
        set: (change) => set(change),
        toggleLane: (kind) => {
          const { hiddenLanes } = get();
          set({
            hiddenLanes: hiddenLanes.includes(kind)
              ? hiddenLanes.filter((each) => each !== kind)
              : [...hiddenLanes, kind],
          });
        },
      }),
      {
        name: "resilience-lab:preferences",
        version: 1,
        storage: createJSONStorage(storage),
        partialize: ({ collapsesIdle, hiddenLanes, showsInspector }) => ({
          collapsesIdle,
          hiddenLanes,
          showsInspector,
        }),
        merge: (kept, current) => ({ ...current, ...readPreferences(kept) }),
      },
    ),
  );
}

/** Storage may contain anything: an older version's shape, or data of another program. */
export function readPreferences(kept: unknown): Partial<Preferences> {
  if (!isObject(kept)) return {};
  const { collapsesIdle, hiddenLanes, showsInspector } = kept;
  return {
    ...(typeof collapsesIdle === "boolean" ? { collapsesIdle } : {}),
    ...(typeof showsInspector === "boolean" ? { showsInspector } : {}),
    ...(Array.isArray(hiddenLanes) ? { hiddenLanes: LANE_KINDS.filter((kind) => hiddenLanes.includes(kind)) } : {}),
  };
}
