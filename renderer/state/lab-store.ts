import { createStore, type StoreApi } from "zustand";
import type { Capabilities } from "../../electron/contract/capabilities.ts";
import type { LabState } from "../../electron/contract/events.ts";
import type { PlaylistSummary } from "../../electron/contract/playlists.ts";
import type { ScenarioCatalogue } from "../../electron/contract/scenarios.ts";
import type { Settings, SettingsChange } from "../../electron/contract/settings.ts";
import type { ConnectionState } from "../lab-client/connection.ts";
import type { LabClient } from "../lab-client/lab-client.ts";
import { LabFailure } from "../lab-client/lab-failure.ts";
import { RunRecord } from "./run-record.ts";

/** A run open in this window. `version` increases whenever the record grows. */
export interface OpenRun {
  record: RunRecord;
  version: number;
  /** Why nothing more of it arrives, although it may not be complete. */
  failure: LabFailure | undefined;
  /** Arrival of the newest item, by the window's monotonic clock: the end of a live axis. */
  arrivedMs: number;
}

export interface LabStore {
  connection: ConnectionState;
  /** Undefined until first received. */
  lab: LabState | undefined;
  /** Why the state is no longer updated; undefined while it is, and while the connection is lost. */
  stateFailure: LabFailure | undefined;
  /** The engine's clock minus this window's, in milliseconds. */
  clockOffsetMs: number;
  capabilities: Capabilities | undefined;
  settings: Settings | undefined;
  catalogue: ScenarioCatalogue | undefined;
  catalogueFailure: string | undefined;
  /** As last asked for; known before the catalogue is, if they can be listed. */
  playlists: readonly PlaylistSummary[];
  runs: Readonly<Record<string, OpenRun>>;
  /** Opens a run until the returned function is called; may be called several times per run. */
  openRun(runId: string): () => void;
  /** Asks again for what failed to arrive: the state of the lab and the events of open runs. */
  followAgain(): void;
  refreshCatalogue(): Promise<void>;
  /** @throws when they cannot be listed; those known are kept */
  refreshPlaylists(): Promise<void>;
  changeSettings(change: SettingsChange): Promise<void>;
}

/** Number of closed runs kept for navigating back. */
const KEPT_CLOSED = 4;

/** The state received from the lab. Only the functions here write to it. */
export function createLabStore(client: LabClient): { store: StoreApi<LabStore>; start: () => () => void } {
  const followed = new Map<string, { stop: () => void; users: number }>();
  let stopState = () => {};
  /** Asks whether the complete runs that are open are still in the history. */
  let checkComplete = () => {};

  const store = createStore<LabStore>()((set, get) => {
    const amend = (runId: string, change: Partial<OpenRun>) => {
      const run = get().runs[runId];
      if (run !== undefined) set({ runs: { ...get().runs, [runId]: { ...run, ...change } } });
    };

    const follow = (runId: string): (() => void) => {
      const kept = get().runs[runId];
      const record = kept?.record ?? new RunRecord(runId);
      if (kept === undefined) {
        const opened = { record, version: 0, failure: undefined, arrivedMs: performance.now() };
        set({ runs: { ...get().runs, [runId]: opened } });
      }
      const show = () => amend(runId, { version: record.version, arrivedMs: performance.now(), failure: undefined });
      let shownMs = Number.NEGATIVE_INFINITY;
      let hasPreview = false;
      return client.followRun(
        { runId, afterSeq: record.view.seq },
        {
          onItems: (items, progress) => {
            record.take(items, progress);
            const isLong = record.behind > PREVIEW_BEHIND;
            if (!isLong || performance.now() - shownMs >= SHOWN_EVERY_MS) {
              show();
              shownMs = performance.now();
            }
            if (isLong && !hasPreview) {
              hasPreview = true;
              const summary = client.call.history.laneSummary({ runId });
              void summary.then((lanes) => {
                record.preview(lanes);
                show();
              }, ignore);
            }
            return isLong ? nextFrame(record) : undefined;
          },
          onEnd: () => {
            if (record.view.ended === undefined) amend(runId, { failure: NO_END });
            else amend(runId, { failure: undefined });
          },
          onFailure: (failure) => {
            const isComplete = record.view.ended !== undefined;
            // Nothing of a complete run can fail to arrive; it can only be deleted.
            if (!isComplete || failure.code === "bad-input") amend(runId, { failure });
          },
        },
      );
    };

    const refollow = (isMeant: (run: OpenRun) => boolean) => {
      for (const [runId, entry] of followed) {
        const run = get().runs[runId];
        if (run === undefined || !isMeant(run)) continue;
        entry.stop();
        entry.stop = follow(runId);
      }
    };
    checkComplete = () => refollow(({ record, failure }) => record.view.ended !== undefined && failure === undefined);

    const dropOldest = () => {
      const closed = Object.keys(get().runs).filter((runId) => !followed.has(runId));
      const runs = { ...get().runs };
      for (const runId of closed.slice(0, Math.max(0, closed.length - KEPT_CLOSED))) delete runs[runId];
      set({ runs });
    };

    return {
      connection: client.connection.state,
      lab: undefined,
      stateFailure: undefined,
      clockOffsetMs: 0,
      capabilities: undefined,
      settings: undefined,
      catalogue: undefined,
      catalogueFailure: undefined,
      playlists: [],
      runs: {},
      openRun: (runId) => {
        const known = followed.get(runId);
        if (known !== undefined) known.users++;
        else followed.set(runId, { stop: follow(runId), users: 1 });
        let isOpen = true;
        return () => {
          const entry = followed.get(runId);
          if (!isOpen || entry === undefined) return;
          isOpen = false;
          entry.users--;
          if (entry.users > 0) return;
          entry.stop();
          followed.delete(runId);
          dropOldest();
        };
      },
      followAgain: () => {
        if (get().stateFailure !== undefined) followState();
        refollow(({ failure }) => failure !== undefined);
      },
      refreshCatalogue: async () => {
        try {
          const [catalogue] = await Promise.all([client.call.scenarios.list(), get().refreshPlaylists().catch(ignore)]);
          set({ catalogue, catalogueFailure: undefined });
        } catch (error) {
          set({ catalogueFailure: (error as Error).message });
        }
      },
      refreshPlaylists: async () => {
        const { playlists } = await client.call.playlists.list();
        set({ playlists });
      },
      changeSettings: async (change) => set({ settings: await client.call.settings.set(change) }),
    };
  });

  const takeState = (lab: LabState) => {
    const { lab: previous, refreshCatalogue } = store.getState();
    store.setState({ lab, stateFailure: undefined, clockOffsetMs: lab.wallMs - Date.now() });
    const isCatalogueOld =
      previous?.scenariosVersion !== lab.scenariosVersion ||
      previous.historyVersion !== lab.historyVersion ||
      previous.stack.project !== lab.stack.project;
    if (isCatalogueOld) void refreshCatalogue();
    if (previous?.historyVersion !== lab.historyVersion) checkComplete();
    if (previous?.settingsVersion !== lab.settingsVersion) {
      void client.call.settings.get().then((settings) => store.setState({ settings }), ignore);
    }
  };
  const followState = () => {
    stopState();
    stopState = client.followLab({
      onState: takeState,
      onFailure: (stateFailure) => store.setState({ stateFailure }),
    });
  };

  /** Starts the store's subscriptions; the returned function ends them. */
  const start = () => {
    const { setState } = store;
    followState();
    const take = (connection: ConnectionState) => {
      // No state will arrive that triggers loading the catalogue.
      const isRefused = connection.is === "refused";
      setState({ connection, ...(isRefused ? { catalogueFailure: connection.message } : {}) });
    };
    const stopConnection = client.connection.onChange(take);
    // It may have opened since this store was created.
    take(client.connection.state);
    void client.call.capabilities.get().then((capabilities) => setState({ capabilities }), ignore);
    return () => {
      stopState();
      stopConnection();
      for (const { stop } of followed.values()) stop();
      followed.clear();
    };
  };

  return { store, start };
}

/** A lost connection is shown by the banner; the next state or the log itself brings the missing data. */
function ignore(): void {}

const NO_END = new LabFailure("internal", "its log stops here: the run has no end in the history");

/** With more missing events than this, a run's lanes are drawn from their summary until the events arrive. */
const PREVIEW_BEHIND = 4_096;
/** Redraw interval while a long log arrives: redrawing for each batch would take most of the time. */
const SHOWN_EVERY_MS = 100;
const BATCHES_AT_ONCE = 16;

/** Yields between batches, so that the page stays responsive while a hundred thousand events arrive. */
function nextFrame(record: RunRecord): void | Promise<void> {
  if (record.version % BATCHES_AT_ONCE !== 0) return;
  return new Promise((resolve) => setTimeout(resolve));
}
