import { opens } from "../../model/catalogue/catalogue.ts";
import { parseJson } from "../../model/json.ts";
import type { LabEvent } from "../../model/lab-event.ts";
import { RunModel } from "../../model/run-model.ts";
import type { RunView } from "../../model/run-view.ts";
import type { SpanKind } from "../../model/span.ts";
import { orAbort } from "../abort-scope.ts";
import type { Clock } from "../clock.ts";
import type { RunLog } from "../events/run-log.ts";
import type { FaultInjector } from "../faults/injector.ts";
import type { ProxyWatch } from "../faults/proxy-watch.ts";
import type { SidecarWatch } from "../faults/sidecar-watch.ts";
import type { WireLogger } from "../faults/wire-logger.ts";
import type { WireWatch } from "../faults/wire-watch.ts";
import { LabError, messageOf } from "../lab-error.ts";
import type { RunningStack } from "../stacks/running-stack.ts";
import { tokenHeaders } from "../stacks/service-token.ts";
import { serviceNamed } from "../stacks/stack-file.ts";
import { RunTraces } from "../telemetry/run-traces.ts";
import { type DecisionSource, noDecisions } from "../traces/decision-source.ts";
import { DroppedRows } from "./dropped-rows.ts";
import type { Cast } from "./roles.ts";
import type { Scenario } from "./schema.ts";

/** The state and services that the steps and checks of one run use. */
export class RunContext {
  readonly stack: RunningStack;
  readonly log: RunLog;
  readonly faults: FaultInjector;
  readonly clock: Clock;
  readonly traces: RunTraces;
  /** Set once the run is watched. */
  decisions: DecisionSource = noDecisions("decisions are not read yet");
  /** Set once the run is watched; absent where a gateway records no ends of calls. Settling reads those that it is about to record. */
  ends: { settle(): Promise<void> } | undefined;
  readonly dropped = new DroppedRows();
  /** Set once the fault proxy is followed; absent for a stack without one. */
  proxy: ProxyWatch | undefined;
  /** Set once the hits on them are followed; absent for a stack without links that sidecars carry. */
  sidecars: SidecarWatch | undefined;
  /** Set once calls on its links are followed; absent for a stack without a fault proxy. */
  wire: WireWatch | undefined;
  /** Set once the run is watched: what is logged of calls on links. */
  calls: WireLogger | undefined;
  /** Sessions and turns of the steady state's calls, which are excluded from the run's decisions. */
  readonly uncounted = new Set<string>();
  /** How long the run has waited before its steps: no part of how long the method took. */
  waitedMs = 0;
  /** The answer of the last agent step. */
  answer: string | undefined;
  /** Sessions at the gateway that agents outside the stack have named. */
  readonly sessions = new Set<string>();
  /** Whether a person watches, who can be asked to decide. */
  readonly isAttended: boolean;
  /** Which service stands for each role that the scenario names. */
  readonly roles: Cast;
  /** The tool that calls of no named one make, once it is chosen. */
  readOnlyTool: string | undefined;
  /** How the scenario's checks are read. */
  readonly reading: Scenario["reading"];
  readonly #model = new RunModel();
  #untracked: LabEvent[] = [];

  constructor(parts: {
    stack: RunningStack;
    log: RunLog;
    faults: FaultInjector;
    clock: Clock;
    traces?: RunTraces;
    reading?: Scenario["reading"];
    isAttended?: boolean | undefined;
    roles?: Cast | undefined;
  }) {
    this.stack = parts.stack;
    this.log = parts.log;
    this.faults = parts.faults;
    this.clock = parts.clock;
    this.traces = parts.traces ?? new RunTraces(parts.log.runId);
    this.reading = parts.reading;
    this.isAttended = parts.isAttended ?? false;
    this.roles = parts.roles ?? {};
    parts.log.subscribeToReal((event) => this.#untracked.push(event));
  }

  /** The current view of the run, unredacted, by which checks are judged; stored nowhere. Updated lazily, since events may come by the thousand. */
  view(): RunView {
    this.#model.takeAll(this.#untracked);
    this.#untracked = [];
    return this.#model;
  }

  /** Resolves when `holds` returns true, checked now and at every event that may open such a span. @throws the signal's reason when it aborts first */
  async waitUntil(holds: (view: RunView) => boolean, wakesOn: SpanKind, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (holds(this.view())) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const forget = this.log.subscribe((event) => {
      if (opens(event, wakesOn) && holds(this.view())) resolve();
    });
    await orAbort(promise, signal).finally(forget);
  }

  /** Reads the hits recorded so far. Resolves to false when some may be missing, or when nothing reports any. */
  async readHits(): Promise<boolean> {
    const read = await Promise.all([this.proxy?.read(), this.sidecars?.read()]);
    return read.includes(true) && !read.includes(false);
  }

  /** Reads the calls on links so far. Resolves to false when some may be missing. */
  async readCalls(): Promise<boolean> {
    const read = await Promise.all([this.wire?.read(), this.sidecars?.read()]);
    return !read.includes(false);
  }

  url(service: string, path: string): string {
    return `http://${this.stack.address(serviceNamed(this.stack.stack, service).name)}${path}`;
  }

  /**
   * Sends a GET request to a service. Any status resolves; `json` is undefined when the body is not JSON.
   * @throws LabError naming the service and the path when it does not answer
   */
  async get(service: string, path: string, signal: AbortSignal): Promise<Reply> {
    try {
      const headers = tokenHeaders(serviceNamed(this.stack.stack, service));
      const response = await fetch(this.url(service, path), { headers, signal });
      const text = await response.text();
      return { status: response.status, text, json: parseJson(text) };
    } catch (error) {
      throw new LabError("unreachable", `GET ${service}${path}: ${messageOf(error)}`, { cause: error });
    }
  }
}

export interface Reply {
  status: number;
  text: string;
  json: unknown;
}
