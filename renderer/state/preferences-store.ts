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
  /** Sizes that a person has dragged, in CSS pixels. */
  inspectorPx: number;
  stackPx: number;
  /** Height of the details of a run; undefined: what the time axis leaves. */
  detailsPx: number | undefined;
  isPresenting: boolean;
  /** How runs that are started from this window wait before their steps. */
  pace: PaceKind;
  /** The playlist that the start button plays: the last one chosen. */
  playlist: string;
}

export interface PreferencesStore extends Preferences {
  set(change: Partial<Preferences>): void;
  toggleLane(kind: LaneKind): void;
}

const DEFAULTS: Preferences = {
  collapsesIdle: true,
  hiddenLanes: [],
  showsInspector: true,
  inspectorPx: 352,
  stackPx: 452,
  detailsPx: undefined,
  isPresenting: false,
  pace: "none",
  playlist: "short",
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
        partialize: ({ isPresenting: _presenting, pace: _pace, set: _set, toggleLane: _toggle, ...kept }) => kept,
        merge: (kept, current) => ({ ...current, ...readPreferences(kept) }),
      },
    ),
  );
}

/** Storage may contain anything: an older version's shape, or data of another program. */
export function readPreferences(kept: unknown): Partial<Preferences> {
  if (!isObject(kept)) return {};
  const { collapsesIdle, hiddenLanes, showsInspector, playlist, inspectorPx, stackPx, detailsPx } = kept;
  return {
    ...(typeof collapsesIdle === "boolean" ? { collapsesIdle } : {}),
    ...(typeof showsInspector === "boolean" ? { showsInspector } : {}),
    ...(isSize(inspectorPx) ? { inspectorPx } : {}),
    ...(isSize(detailsPx) ? { detailsPx } : {}),
    ...(isSize(stackPx) ? { stackPx } : {}),
    ...(typeof playlist === "string" ? { playlist } : {}),
    ...(Array.isArray(hiddenLanes) ? { hiddenLanes: LANE_KINDS.filter((kind) => hiddenLanes.includes(kind)) } : {}),
  };
}

export const LEAST_PART_PX = 170;
export const MOST_PART_PX = 900;

function isSize(value: unknown): value is number {
  return typeof value === "number" && value >= LEAST_PART_PX && value <= MOST_PART_PX;
}
