import { randomBytes } from "node:crypto";
import { stepSpanId } from "../../model/trace-ids.ts";

/** Member of the baggage, and attribute of spans, that names the run: https://www.w3.org/TR/baggage/ */
export const RUN_ID_KEY = "lab.run.id";

/** Headers by which a service continues a trace. */
export type TraceHeaders = Record<"traceparent" | "baggage", string>;

/** Starts the traces of a step, one for each turn: https://www.w3.org/TR/trace-context/ */
export interface StepTraces {
  start(): TraceHeaders;
}

/** The traces that a run starts. */
export class RunTraces {
  readonly #runId: string;
  readonly #started: (traceId: string) => void;

  /** @param started called with the id of each trace, before anything is sent in it */
  constructor(runId: string, started: (traceId: string) => void = () => {}) {
    this.#runId = runId;
    this.#started = started;
  }

  /** @param step its number in the log, from 1; 0 outside steps */
  ofStep(step: number): StepTraces {
    return {
      start: () => {
        const traceId = randomBytes(16).toString("hex");
        this.#started(traceId);
        return {
          traceparent: `00-${traceId}-${stepSpanId(this.#runId, step)}-01`,
          baggage: `${RUN_ID_KEY}=${this.#runId}`,
        };
      },
    };
  }
}
