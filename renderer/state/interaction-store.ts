import { createStore } from "zustand";
import type { Stretch } from "../timeline/axis.ts";
import type { RunPanel } from "./route.ts";

export interface SpanKey {
  traceId: string;
  spanId: string;
}

/** What is shown and selected in a run. */
export interface RunInteraction {
  runId: string;
  /** The moment shown; undefined follows the run's end. */
  cursorMs: number | undefined;
  selectedSeq: number | undefined;
  /** A span that a service sent: its trace and its id. */
  selectedSpan: SpanKey | undefined;
  /** Which details of the run are shown; undefined until a person chooses. */
  panel: RunPanel | undefined;
  /** The trace to which the waterfall is to be narrowed; taken once. */
  wantedTrace: string | undefined;
  /** The zoomed period; undefined shows the whole run as it grows. */
  stretch: Stretch | undefined;
  search: string;
}

/** A call or a prompt that is sent again and again, while the page where it was begun or the map is shown. */
export interface SteadyTraffic {
  /** The stack that it is sent to. */
  project: string;
  /** As it is written: a tool with the text of its arguments, or a prompt. */
  sent: { tool: string; arguments: string } | { prompt: string };
  seconds: string;
}

export interface InteractionStore extends RunInteraction {
  steady: SteadyTraffic | undefined;
  /** Protections to switch off for the next runs started from the lab. */
  without: string[];
  selectedService: string | undefined;
  /** The queue entry of a run started from this window, which is opened once it begins. */
  awaitedEntry: string | undefined;
  /** The batch whose runs this window shows one after another, and the run of it that it shows. */
  followed: { batchId: string; runId: string } | undefined;
  openRun(runId: string, at: { cursorMs?: number; selectedSeq?: number; panel?: RunPanel }): void;
  look(change: Partial<Omit<RunInteraction, "runId">>): void;
  followLive(): void;
  setWithout(without: string[]): void;
  selectService(service: string | undefined): void;
  awaitEntry(entryId: string | undefined): void;
  follow(followed: InteractionStore["followed"]): void;
  setSteady(steady: SteadyTraffic | undefined): void;
}

const NOTHING: Omit<RunInteraction, "runId"> = {
  cursorMs: undefined,
  selectedSeq: undefined,
  selectedSpan: undefined,
  panel: undefined,
  wantedTrace: undefined,
  stretch: undefined,
  search: "",
};

export function createInteraction() {
  return createStore<InteractionStore>()((set, get) => ({
    runId: "",
    ...NOTHING,
    without: [],
    selectedService: undefined,
    awaitedEntry: undefined,
    followed: undefined,
    steady: undefined,
    openRun: (runId, at) => {
      if (get().runId !== runId) set({ runId, ...NOTHING, ...at });
      else if (Object.keys(at).length > 0) set(at);
    },
    look: (change) => set(change),
    followLive: () => set({ cursorMs: undefined, stretch: undefined }),
    setWithout: (without) => set({ without: [...without].sort() }),
    selectService: (selectedService) => set({ selectedService }),
    awaitEntry: (awaitedEntry) => set({ awaitedEntry }),
    follow: (followed) => set({ followed }),
    setSteady: (steady) => set({ steady }),
  }));
}
