import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { parseJson } from "../../model/json.ts";
import type { JoinedBy } from "../../model/telemetry.ts";
import { messageOf } from "../lab-error.ts";
import type { TraceLog } from "../trace-files/otlp-logs.ts";
import type { Attributes, TraceSpan } from "../trace-files/trace.ts";
import type { Accepted, Intake, IntakeCounts } from "./intake.ts";
import type { OtlpExport } from "./otlp-export.ts";
import type { OtlpPorts, Receivers } from "./receivers.ts";
import { RunTelemetry, type RunTelemetryParts } from "./run-telemetry.ts";

/** Spans and logs of a run that arrive so long after its end are still its own. */
export const LATE_MS = 60_000;
/** The ports of OpenTelemetry: what exporters send to when they are told nothing. */
const DEFAULT_PORTS: OtlpPorts = { http: 4318, grpc: 4317 };
const FREE_PORTS: OtlpPorts = { http: 0, grpc: 0 };
/** A service whose environment has it with an empty value is given the lab's address. */
export const ENDPOINT_VARIABLE = "OTEL_EXPORTER_OTLP_ENDPOINT";
export const LOOPBACK = "127.0.0.1";
const TOKEN_VARIABLE = "RESILIENCE_LAB_OTLP_TOKEN";
/** OpenTelemetry's own switch: `true` in the lab's environment, and it gives services no address. */
export const DISABLED_VARIABLE = "OTEL_SDK_DISABLED";

const NOTHING_RECEIVED: IntakeCounts = { requests: 0, refused: 0, spans: 0, logs: 0, points: 0, rejected: 0 };

const portsFile = z.object({ http: z.int().min(1).max(65_535), grpc: z.int().min(1).max(65_535) });

export interface TelemetryParts {
  /** The data folder: it remembers the ports, since services that outlive a lab send to them. */
  folder: string;
  environment: NodeJS.ProcessEnv;
  /** Calls back {@link LATE_MS} later; for tests, whenever they say. @returns cancels it */
  later?: (end: () => void) => () => void;
}

/** What the lab receives of OpenTelemetry, and which run it belongs to. Listens once it is started. */
export class Telemetry {
  readonly token: string | undefined;
  /** At which the containers of the open project reach the lab. */
  addresses: readonly string[] = [];
  readonly #parts: TelemetryParts;
  /** Its decoder is loaded with the receivers: most commands receive nothing. */
  #intake: Intake | undefined;
  readonly #runs = new Set<RunTelemetry>();
  readonly #late = new Set<() => void>();
  readonly #listeners = new Set<(runId: string) => void>();
  #unjoined: (received: OtlpExport) => Accepted = ({ spans, logs }) => {
    return { rejected: spans.length + logs.length, message: "they belong to no run that is in progress" };
  };
  #receivers: Promise<Receivers> | undefined;
  #opened: Receivers | undefined;
  #problem: string | undefined;

  constructor(parts: TelemetryParts) {
    this.#parts = parts;
    this.token = parts.environment[TOKEN_VARIABLE] || undefined;
  }

  get counts(): IntakeCounts {
    return this.#intake?.counts ?? NOTHING_RECEIVED;
  }

  /** Where loopback listens; undefined before the start. */
  get ports(): OtlpPorts | undefined {
    return this.#opened?.ports;
  }

  /** Why nothing is received, or not at the usual ports; undefined when all is as it should be. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /**
   * Listens on loopback. May be called again.
   * @param choice `auto`: the ports of the last time, else free ones; `fixed`: those of OpenTelemetry first
   * @returns undefined when it cannot listen, which is no reason not to go on; see {@link problem}
   */
  async start(choice: "auto" | "fixed"): Promise<OtlpPorts | undefined> {
    this.#receivers ??= this.#listen(choice);
    try {
      this.#opened = await this.#receivers;
      return this.#opened.ports;
    } catch (error) {
      this.#problem = messageOf(error);
      return undefined;
    }
  }

  async #listen(choice: "auto" | "fixed"): Promise<Receivers> {
    const [{ Receivers }, { Intake }] = await Promise.all([import("./receivers.ts"), import("./intake.ts")]);
    this.#intake = new Intake((received) => this.#take(received));
    const remembered = this.#remembered();
    const usual = choice === "fixed" ? [DEFAULT_PORTS] : [];
    const choices = [...(remembered === undefined ? usual : [remembered]), FREE_PORTS];
    const receivers = await Receivers.listen(this.#intake, { token: this.token, choices });
    const { ports } = receivers;
    const [wanted] = choices;
    if (wanted !== undefined && wanted.http !== 0 && wanted.http !== ports.http) {
      this.#problem = `port ${wanted.http} or ${wanted.grpc} is in use: telemetry is received on ${ports.http} (HTTP) and ${ports.grpc} (gRPC)`;
    }
    this.#remember(ports);
    return receivers;
  }

  /** Listens at another address of this machine, see {@link Receivers.alsoAt}. False before the start. */
  async alsoAt(address: string): Promise<boolean> {
    return (await this.#opened?.alsoAt(address)) ?? false;
  }

  /** Variables by which a service sends to an address at which this lab listens; undefined before the start, or where services are not to. */
  environmentFor(host: string): Record<string, string> | undefined {
    const { ports } = this;
    if (ports === undefined || this.#parts.environment[DISABLED_VARIABLE]?.toLowerCase() === "true") return undefined;
    return {
      [ENDPOINT_VARIABLE]: `http://${host}:${ports.http}`,
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf",
      ...(this.token === undefined ? {} : { OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer ${this.token}` }),
    };
  }

  /** Joins what is received to a run, from now on until {@link LATE_MS} after its end. */
  join(parts: Omit<RunTelemetryParts, "onStored">): RunTelemetry {
    const run = new RunTelemetry({ ...parts, onStored: (runId) => this.#notify(runId) });
    this.#runs.add(run);
    return run;
  }

  /** The run has ended: only late records are still joined to it. */
  ended(run: RunTelemetry, endedWallMs: number): void {
    run.ended(endedWallMs);
    const cancel = (this.#parts.later ?? afterLateTime)(() => {
      this.#late.delete(cancel);
      this.#runs.delete(run);
      void run.settled().then(() => this.#notify(run.runId));
    });
    this.#late.add(cancel);
  }

  /** Whether records of the run may still arrive. */
  isJoining(runId: string): boolean {
    return [...this.#runs].some((run) => run.runId === runId);
  }

  /** Called with a run whenever records of it have been stored, and when no more will come. @returns ends the subscription */
  onStored(listener: (runId: string) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Gives what no run claims by its ids to someone else, such as what was joined by time alone. */
  onUnjoined(take: (received: OtlpExport) => Accepted): void {
    this.#unjoined = take;
  }

  /** Stops listening, and writes what was taken. */
  async close(): Promise<void> {
    const receivers = await this.#receivers?.catch(() => undefined);
    await receivers?.close();
    for (const cancel of this.#late) cancel();
    await Promise.all([...this.#runs].map((run) => run.settled()));
    this.#runs.clear();
  }

  #notify(runId: string): void {
    for (const listener of [...this.#listeners]) listener(runId);
  }

  #take(received: OtlpExport): Accepted {
    for (const span of received.spans) for (const run of this.#runs) run.learn(span);
    const refused = new Refusals();
    // Joined by time alone, they may as well be of an agent's own session.
    const [guessed, unclaimed] = [records(), records()];
    for (const span of received.spans) {
      const { run, joinedBy } = this.#runOf(span.traceId, span.attributes, span.startUs);
      if (run !== undefined) refused.add(run.takeSpan(span, joinedBy));
      if (joinedBy === "time") (run === undefined ? unclaimed : guessed).spans.push(span);
    }
    for (const log of received.logs) {
      const { run, joinedBy } = this.#runOf(log.traceId, log.attributes, log.atUs);
      if (run !== undefined) refused.add(run.takeLog(log, joinedBy));
      if (joinedBy === "time") (run === undefined ? unclaimed : guessed).logs.push(log);
    }
    const rest = { points: 0, problems: [] };
    if (guessed.spans.length + guessed.logs.length > 0) this.#unjoined({ ...guessed, ...rest });
    if (unclaimed.spans.length + unclaimed.logs.length > 0) refused.addAll(this.#unjoined({ ...unclaimed, ...rest }));
    return refused.accepted;
  }

  /** By ids before time; of several runs the newest. */
  #runOf(
    traceId: string | undefined,
    attributes: Attributes,
    atUs: number,
  ): { run?: RunTelemetry; joinedBy: JoinedBy } {
    const runs = [...this.#runs].reverse();
    for (const run of runs) {
      const joinedBy = run.claims(traceId, attributes);
      if (joinedBy !== undefined) return { run, joinedBy };
    }
    const run = runs.find((each) => each.isInTime(atUs));
    return { ...(run === undefined ? {} : { run }), joinedBy: "time" };
  }

  get #file(): string {
    return join(this.#parts.folder, "telemetry-ports.json");
  }

  #remembered(): OtlpPorts | undefined {
    try {
      const read = portsFile.safeParse(parseJson(readFileSync(this.#file, "utf8")));
      return read.success ? read.data : undefined;
    } catch {
      return undefined;
    }
  }

  #remember(ports: OtlpPorts): void {
    try {
      writeFileSync(this.#file, `${JSON.stringify(ports)}\n`, { mode: 0o600 });
    } catch {
      // The next lab chooses again; services that are up meanwhile send to this one.
    }
  }
}

function afterLateTime(end: () => void): () => void {
  const timer = setTimeout(end, LATE_MS).unref();
  return () => clearTimeout(timer);
}

function records(): { spans: TraceSpan[]; logs: TraceLog[] } {
  return { spans: [], logs: [] };
}

class Refusals {
  #rejected = 0;
  readonly #reasons = new Set<string>();

  add(reason: string | undefined): void {
    if (reason === undefined) return;
    this.#rejected++;
    this.#reasons.add(reason);
  }

  addAll({ rejected, message }: Accepted): void {
    this.#rejected += rejected;
    if (message !== "") this.#reasons.add(message);
  }

  get accepted(): Accepted {
    return { rejected: this.#rejected, message: [...this.#reasons].join("; ") };
  }
}
