import type Dockerode from "dockerode";
import type { AskProxy, Disarm, SidecarFault } from "../../link-sidecars.ts";
import type { DirectLink } from "../../stack-file.ts";
import type { LinkLocation } from "./link-location.ts";
import { armOn, beginSidecar, endSidecar, isBusy, joinSidecar, type Sidecar, type SidecarParts } from "./sidecar.ts";

interface Carried {
  fault: SidecarFault;
  untilMs: number;
  /** Requests that met it in sidecars before this one. */
  earlierHits: number;
}

/** A link of one container of its caller, carried by a sidecar of this process, with the faults on it. Changes are made in turn. */
export class CarriedLink {
  readonly #parts: SidecarParts;
  readonly #faults = new Map<string, Carried>();
  /** Its sidecar was there before, with standing faults of an earlier command. */
  readonly #isJoined: boolean;
  #location: LinkLocation;
  #sidecar: Sidecar;
  #why: string | undefined;
  #isFollowing = false;
  #lastTurn: Promise<unknown> = Promise.resolve();

  private constructor(parts: SidecarParts, location: LinkLocation, sidecar: Sidecar, isJoined: boolean) {
    this.#parts = parts;
    this.#isJoined = isJoined;
    this.#location = location;
    this.#sidecar = sidecar;
    this.#watch(sidecar);
  }

  static async start(parts: SidecarParts, location: LinkLocation, fault: SidecarFault): Promise<CarriedLink> {
    return new CarriedLink(parts, location, await beginSidecar(parts, location, fault), false);
  }

  /** Takes over a sidecar that runs. */
  static async join(parts: SidecarParts, location: LinkLocation, container: Dockerode.Container): Promise<CarriedLink> {
    return new CarriedLink(parts, location, await joinSidecar(parts, container), true);
  }

  get link(): DirectLink {
    return this.#parts.link;
  }

  /** The container that calls, as it was when its sidecar was created. */
  get caller(): LinkLocation["caller"] {
    return this.#location.caller;
  }

  private get ask(): AskProxy {
    return this.#sidecar.channel.ask;
  }

  /** Its sidecar has ended, by itself or by someone else. */
  get hasEnded(): boolean {
    return this.#why !== undefined;
  }

  get isIdle(): boolean {
    return this.#faults.size === 0;
  }

  has(fault: string): boolean {
    return this.#faults.has(fault);
  }

  add(fault: SidecarFault): Promise<void> {
    return this.#inTurn(async () => {
      const untilMs = performance.now() + fault.forMs;
      await armOn(this.#sidecar.channel, fault, fault.forMs);
      this.#faults.set(fault.id, { fault, untilMs, earlierHits: 0 });
    });
  }

  take(id: string, disarm: Disarm): Promise<number | undefined> {
    return this.#inTurn(async () => {
      const carried = this.#faults.get(id);
      // Before its proxy ends.
      await this.readRecords();
      const isLast = [...this.#faults.keys()].every((other) => other === id);
      // What a sidecar has on its link is gone with it: the last fault needs no answer of the proxy.
      const hits = await disarm(this.ask).catch((error: unknown) => {
        if (!isLast && !this.hasEnded) throw error;
        return undefined;
      });
      this.#faults.delete(id);
      return hits === undefined ? undefined : hits + (carried?.earlierHits ?? 0);
    });
  }

  /** Resolves to false when they could not be read. */
  async readRecords(): Promise<boolean> {
    const { records, channel } = this.#sidecar;
    return records.read(channel.ask).then(
      () => true,
      () => false,
    );
  }

  async whyEnded(isArmed: (ask: AskProxy) => Promise<boolean>): Promise<string | undefined> {
    if (this.#isFollowing) return undefined;
    if (this.#why !== undefined) return `the sidecar of ${this.link.name} has ended: ${this.#why}`;
    return (await isArmed(this.ask)) ? undefined : `it is no longer on ${this.link.name}`;
  }

  /**
   * Moves to a new sidecar where the caller is another instance, or the callee has an address that is not redirected. One
   * that was joined stays: the standing faults on it are not known to this process.
   */
  follow(locate: () => Promise<LinkLocation | undefined>): Promise<void> {
    return this.#inTurn(async () => {
      const location = await locate();
      if (location === undefined) return;
      if (this.isIdle || this.#isJoined || !hasMoved(this.#location, location)) return;
      this.#isFollowing = true;
      try {
        await this.#moveTo(location);
      } finally {
        this.#isFollowing = false;
      }
    });
  }

  /** Resolves to whether the rules are known to be removed, or are still needed by standing faults of an earlier command. */
  stop(): Promise<boolean> {
    return this.#inTurn(async () => {
      if (!this.#isJoined || this.hasEnded || !(await isBusy(this.ask, this.link.name)))
        return endSidecar(this.#sidecar);
      this.#sidecar.channel.detach();
      return true;
    });
  }

  /** Leaves a sidecar with standing faults to itself. */
  async release(): Promise<void> {
    await this.#inTurn(async () => {
      if (this.#isJoined || [...this.#faults.values()].some(({ fault }) => fault.isStanding))
        this.#sidecar.channel.detach();
      else await endSidecar(this.#sidecar);
    });
  }

  async #moveTo(location: LinkLocation): Promise<void> {
    const [first] = this.#faults.values();
    if (first === undefined) return;
    await this.readRecords();
    const counts = await this.#countHits();
    await endSidecar(this.#sidecar);
    this.#sidecar = await beginSidecar(this.#parts, location, first.fault);
    this.#location = location;
    this.#why = undefined;
    this.#watch(this.#sidecar);
    for (const carried of this.#faults.values()) {
      carried.earlierHits += counts.get(carried.fault.id) ?? 0;
      await armOn(this.#sidecar.channel, carried.fault, Math.max(1, carried.untilMs - performance.now()));
    }
  }

  async #countHits(): Promise<Map<string, number>> {
    try {
      const { body } = await this.ask("GET", `/proxies/${encodeURIComponent(this.link.name)}/toxics`);
      const toxics = JSON.parse(body) as { name: string; hits?: number }[];
      return new Map(toxics.map(({ name, hits }) => [name, hits ?? 0]));
    } catch {
      return new Map(); // its sidecar has ended
    }
  }

  #watch(sidecar: Sidecar): void {
    void sidecar.channel.ended.then(({ why }) => {
      if (this.#sidecar === sidecar) this.#why = why;
    });
  }

  #inTurn<Value>(change: () => Promise<Value>): Promise<Value> {
    const turn = this.#lastTurn.then(change);
    this.#lastTurn = turn.catch(() => {});
    return turn;
  }
}

function hasMoved(from: LinkLocation, to: LinkLocation): boolean {
  const known = new Set(from.targets.map(({ host }) => host));
  return (
    from.caller.id !== to.caller.id ||
    from.caller.startedAt !== to.caller.startedAt ||
    to.targets.some(({ host }) => !known.has(host))
  );
}
