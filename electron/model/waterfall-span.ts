import type { TreeSpan } from "./span-tree.ts";
import type { TelemetrySpan } from "./telemetry.ts";

/** What a reader should know of spans that are not as they should be, by how many they are. */
export interface TraceNotes {
  unfinished: number;
  /** Their parent was not received. */
  parentless: number;
  /** They are their own ancestors. */
  cyclic: number;
  /** They have the id of another. */
  duplicate: number;
  /** They start before their parent, by a clock that differs. */
  skewed: number;
  /** They end before they start. */
  reversed: number;
  /** They belong to the run by their time alone. */
  guessed: number;
}

/** A span of a run's waterfall: a step, and below it what it led to. Times are milliseconds on the run's clock. */
export interface WaterfallSpan extends TreeSpan {
  name: string;
  /** Where it happened: a service, a link, or the lab. */
  place: string;
  /** Whose work it is: of an exchange on a link the service that was asked. */
  service: string;
  /** An exchange, as it was read on a link. */
  isOnLink: boolean;
  isError: boolean;
  isOpen: boolean;
  /** Names of the faults that its request met. */
  faults: readonly string[];
  /** Event to show for it; undefined for one that only a service has sent. */
  seq: number | undefined;
  /** What a service has sent of it. */
  sent: TelemetrySpan | undefined;
  problems: readonly (keyof TraceNotes)[];
}
