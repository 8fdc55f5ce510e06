import { randomUUID } from "node:crypto";
import type { LinkTraffic } from "../../../contract/stack.ts";
import { systemClock } from "../../clock.ts";
import { RunLog } from "../../events/run-log.ts";
import { FaultInjector } from "../../faults/injector.ts";
import { SidecarWatch } from "../../faults/sidecar-watch.ts";
import { TrafficMeter } from "../../faults/traffic-meter.ts";
import { WireWatch } from "../../faults/wire-watch.ts";
import type { FaultJournal } from "../../journal/fault-journal.ts";
import { LabError } from "../../lab-error.ts";
import type { RunningStack } from "../../stacks/running-stack.ts";
import { isProxied } from "../../stacks/stack-file.ts";

/** Ends by itself after it: a window that was left open does not keep containers in someone's project. */
const LISTEN_MS = 60 * 60_000;
const UNDO_LIMIT_MS = 60_000;

interface Listening {
  running: RunningStack;
  runId: string;
  meter: TrafficMeter;
  stop(): Promise<string[]>;
}

/**
 * Reads the calls on the links of the open stack while a person looks at its map: on links without a fault proxy by a
 * sidecar with nothing armed, journaled as any fault is, so that it is removed whatever becomes of the lab. Recorded nowhere.
 */
export class LinkListener {
  readonly #running: () => RunningStack | undefined;
  readonly #journal: FaultJournal;
  readonly #onChange: () => void;
  #listening: Promise<Listening> | undefined;
  #current: Listening | undefined;
  #expiry: NodeJS.Timeout | undefined;

  constructor(parts: { running: () => RunningStack | undefined; journal: FaultJournal; onChange: () => void }) {
    this.#running = parts.running;
    this.#journal = parts.journal;
    this.#onChange = parts.onChange;
  }

  get isOn(): boolean {
    return this.#current !== undefined;
  }

  /** By which its sidecars are in the journal; null while it does not listen. */
  get runId(): string | null {
    return this.#current?.runId ?? null;
  }

  /** Links that cannot be listened to are left out, unless none can. @throws LabError with the reason then */
  async start(): Promise<void> {
    this.#listening ??= this.#begin();
    try {
      this.#current = await this.#listening;
    } catch (error) {
      this.#listening = undefined;
      throw error;
    }
    clearTimeout(this.#expiry);
    this.#expiry = setTimeout(() => void this.stop().catch(() => {}), LISTEN_MS).unref();
    this.#onChange();
  }

  /** Removes what it took. @throws LabError `residue` naming what could not be removed */
  async stop(): Promise<void> {
    const listening = await this.#listening?.catch(() => undefined);
    this.#listening = undefined;
    this.#current = undefined;
    clearTimeout(this.#expiry);
    const residue = (await listening?.stop()) ?? [];
    this.#onChange();
    if (residue.length > 0) throw new LabError("residue", `not removed from the links: ${residue.join("; ")}`);
  }

  /** Of every link of the stack; nothing while it does not listen. */
  read(): LinkTraffic[] {
    const current = this.#current;
    return current === undefined ? [] : current.meter.read(current.running.stack.links.map(({ name }) => name));
  }

  async #begin(): Promise<Listening> {
    const running = this.#running();
    if (running === undefined) throw new LabError("precondition", "the stack is not up", { hint: "bring it up first" });
    const runId = randomUUID();
    const clock = systemClock;
    const log = new RunLog({ runId, clock, record: () => {} });
    const injector = new FaultInjector({ stack: running, journal: this.#journal, log, clock });
    const meter = new TrafficMeter(clock);
    const sidecars = SidecarWatch.start(running, { take: () => {} }, meter);
    const wire = await WireWatch.start({ stack: running, clock, calls: meter, bodiesOf: [] });
    const stop = async () => {
      sidecars?.close();
      await wire?.close();
      return (await injector.undo("all", AbortSignal.timeout(UNDO_LIMIT_MS))).residue;
    };
    const direct = running.stack.links.filter((link) => !isProxied(link));
    const { signal } = new AbortController();
    const tried = await Promise.allSettled(
      direct.map(({ name }) => injector.apply({ observe: name, for: LISTEN_MS }, signal)),
    );
    const failed = tried.find((each) => each.status === "rejected");
    if (failed !== undefined && wire === undefined && tried.every(({ status }) => status === "rejected")) {
      await stop();
      throw failed.reason;
    }
    return { running, runId, meter, stop };
  }
}
