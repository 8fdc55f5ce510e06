import { createContext, type ReactNode, useContext, useEffect, useMemo } from "react";
import { type StoreApi, useStore } from "zustand";
import type { LabClient } from "../lab-client/lab-client.ts";
import { createInteraction, type InteractionStore } from "./interaction-store.ts";
import { goneSince } from "./lab-gone.ts";
import { createLabStore, type LabStore, type OpenRun } from "./lab-store.ts";
import type { PreferencesStore } from "./preferences-store.ts";

interface Stores {
  client: LabClient;
  lab: StoreApi<LabStore>;
  interaction: StoreApi<InteractionStore>;
  preferences: StoreApi<PreferencesStore>;
}

const Context = createContext<Stores | undefined>(undefined);

interface LabProviderProps {
  client: LabClient;
  preferences: StoreApi<PreferencesStore>;
  children: ReactNode;
}

export function LabProvider({ client, preferences, children }: LabProviderProps) {
  const { stores, start } = useMemo(() => {
    const { store, start } = createLabStore(client);
    return { stores: { client, lab: store, interaction: createInteraction(), preferences }, start };
  }, [client, preferences]);
  useEffect(start, [start]);
  return <Context value={stores}>{children}</Context>;
}

export function useStores(): Stores {
  const stores = useContext(Context);
  if (stores === undefined) throw new Error("a component is used outside LabProvider");
  return stores;
}

export function useLab<Value>(select: (state: LabStore) => Value): Value {
  return useStore(useStores().lab, select);
}

export function useInteraction<Value>(select: (state: InteractionStore) => Value): Value {
  return useStore(useStores().interaction, select);
}

export function usePreferences<Value>(select: (state: PreferencesStore) => Value): Value {
  return useStore(useStores().preferences, select);
}

/** A run, followed while the component is mounted; undefined for the first frame. */
export function useRun(runId: string): OpenRun | undefined {
  const { lab } = useStores();
  useEffect(() => lab.getState().openRun(runId), [lab, runId]);
  return useStore(lab, (state) => state.runs[runId]);
}

/** `stopped`: nothing more arrives, since the lab has ended or the stream of its events has failed. */
export type Following = "loading" | "live" | "ended" | "stopped";

/** How a run's log arrives. An ended run is `loading`, and its log incomplete, until its last event. */
export function useFollowing({ record, failure }: OpenRun): Following {
  const { runId, view, lastSeq } = record;
  const isInProgress = useLab(
    ({ lab }) => lab?.manualRunId === runId || lab?.queue.active.some((entry) => entry.runId === runId) === true,
  );
  const isGone = useLab((state) => goneSince(state) !== undefined);
  if (view.ended !== undefined) return "ended";
  if (failure !== undefined || isGone) return "stopped";
  return !isInProgress && view.seq < lastSeq ? "loading" : "live";
}
