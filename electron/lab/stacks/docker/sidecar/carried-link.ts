import { setTimeout as delay } from "node:timers/promises";
import type Dockerode from "dockerode";
import type { AskProxy, Disarm, SidecarFault } from "../../link-sidecars.ts";
import type { DirectLink } from "../../stack-file.ts";
import type { LinkLocation } from "./link-location.ts";
import type { SidecarChannel } from "./sidecar-channel.ts";
import { attach, removeSidecar, type SidecarLink, startSidecar } from "./sidecar-container.ts";

/** The lab undoes a fault in time; its sidecar ends this much later if the lab has not. */
const SIDECAR_ENDS_LATER_MS = 1_000;
/** One that has not ended by then, when it was told to, is ended by the engine. */
const STOP_LIMIT_MS = 2_000;

export interface CarriedLinkParts {
  docker: Dockerode;
  link: DirectLink;
  sidecar: SidecarLink;
  image: string;
  /** Called once with each hit. */
  takeHit(hit: unknown): void;
}

interface Sidecar {
  container: Dockerode.Container;
  channel: SidecarChannel;
  hits: HitsOfSidecar;
}

/** The hits of one sidecar, which numbers them: each is reported once, whether it was sent or read. */
class HitsOfSidecar {
  readonly #report: (hit: unknown) => void;
  #last = 0;

  constructor(report: (hit: unknown) => void) {
    this.#report = report;
  }

  take(hit: unknown): void {
    const { seq } = Object(hit);
    if (!(seq > this.#last)) return;
    this.#last = seq;
    this.#report(hit);
  }

  /** @throws Error when the proxy does not answer */
  async read(ask: AskProxy): Promise<void> {
    for (let before = -1; before < this.#last; ) {
      before = this.#last;
      const { hits } = JSON.parse((await ask("GET", `/hits?since=${before}`)).body) as { hits: unknown[] };
      for (const hit of hits) this.take(hit);
    }
  }
}

interface Carried {
  fault: SidecarFault;
  untilMs: number;
  /** Requests that met it in sidecars before this one. */
  earlierHits: number;
}

/** A link that a sidecar of this process carries, with the faults on it. Changes of it are made one after another. */
export class CarriedLink {
  readonly #parts: CarriedLinkParts;
  readonly #faults = new Map<string, Carried>();
  /** Its sidecar was there before, with standing faults of an earlier command. */
  readonly #isJoined: boolean;
  #location: LinkLocation;
  #sidecar: Sidecar;
  #why: string | undefined;
  #isFollowing = false;
  #lastTurn: Promise<unknown> = Promise.resolve();

  private constructor(parts: CarriedLinkParts, location: LinkLocation, sidecar: Sidecar, isJoined: boolean) {
    this.#parts = parts;
    this.#isJoined = isJoined;
    this.#location = location;
    this.#sidecar = sidecar;
    this.#watch(sidecar);
  }

  static async start(parts: CarriedLinkParts, location: LinkLocation, fault: SidecarFault): Promise<CarriedLink> {
    return new CarriedLink(parts, location, await begin(parts, location, fault), false);
  }

  /** Takes over a sidecar that runs. */
  static async join(
    parts: CarriedLinkParts,
    location: LinkLocation,
    container: Dockerode.Container,
  ): Promise<CarriedLink> {
    const hits = new HitsOfSidecar(parts.takeHit);
    const channel = await attach(container, (hit) => hits.take(hit));
    return new CarriedLink(parts, location, { container, channel, hits }, true);
  }

  get link(): DirectLink {
    return this.#parts.link;
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
      this.#faults.set(fault.id, { fault, untilMs: performance.now() + fault.forMs, earlierHits: 0 });
      await arm(this.#sidecar.channel, fault, fault.forMs);
    });
  }

  take(id: string, disarm: Disarm): Promise<number | undefined> {
    return this.#inTurn(async () => {
      const carried = this.#faults.get(id);
      // Before its proxy ends.
      await this.readHits();
      // What a sidecar that has ended had on its link is gone with it.
      const hits = this.hasEnded ? undefined : await disarm(this.ask);
      this.#faults.delete(id);
      return hits === undefined ? undefined : hits + (carried?.earlierHits ?? 0);
    });
  }

  /** Resolves to false when they could not be read. */
  async readHits(): Promise<boolean> {
    const { hits, channel } = this.#sidecar;
    return hits.read(channel.ask).then(
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
  follow(locate: () => Promise<LinkLocation>): Promise<void> {
    return this.#inTurn(async () => {
      const location = await locate();
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
      if (!this.#isJoined || this.hasEnded || !(await isBusy(this.ask, this.link.name))) return end(this.#sidecar);
      this.#sidecar.channel.detach();
      return true;
    });
  }

  /** Leaves a sidecar with standing faults to itself. */
  async release(): Promise<void> {
    await this.#inTurn(async () => {
      if (this.#isJoined || [...this.#faults.values()].some(({ fault }) => fault.isStanding))
        this.#sidecar.channel.detach();
      else await end(this.#sidecar);
    });
  }

  async #moveTo(location: LinkLocation): Promise<void> {
    const [first] = this.#faults.values();
    if (first === undefined) return;
    await this.readHits();
    const counts = await this.#countHits();
    await end(this.#sidecar);
    this.#sidecar = await begin(this.#parts, location, first.fault);
    this.#location = location;
    this.#why = undefined;
    this.#watch(this.#sidecar);
    for (const carried of this.#faults.values()) {
      carried.earlierHits += counts.get(carried.fault.id) ?? 0;
      await arm(this.#sidecar.channel, carried.fault, Math.max(1, carried.untilMs - performance.now()));
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

async function begin(parts: CarriedLinkParts, location: LinkLocation, fault: SidecarFault): Promise<Sidecar> {
  const { docker, sidecar: link, image, takeHit } = parts;
  const { caller, targets } = location;
  const { id, isStanding } = fault;
  const hits = new HitsOfSidecar(takeHit);
  const wanted = { image, link, callerId: caller.id, targets, fault: id, isStanding };
  return { ...(await startSidecar(docker, wanted, (hit) => hits.take(hit))), hits };
}

/** The sidecar's rules first; also of one whose caller has ended. */
async function end({ container, channel }: Sidecar): Promise<boolean> {
  const late = new AbortController();
  const ended = await Promise.race([
    channel.stop(),
    delay(STOP_LIMIT_MS, undefined, { signal: late.signal }).catch(() => undefined),
  ]);
  late.abort();
  const isRemoved = await removeSidecar(container);
  return ended?.isRemoved === true || isRemoved;
}

async function arm(channel: SidecarChannel, fault: SidecarFault, forMs: number): Promise<void> {
  channel.prolong(forMs + SIDECAR_ENDS_LATER_MS);
  await fault.arm(channel.ask, forMs);
}

/** Whether faults are on a link of a proxy. */
export async function isBusy(ask: AskProxy, link: string): Promise<boolean> {
  const { body } = await ask("GET", `/proxies/${encodeURIComponent(link)}`);
  const shown = JSON.parse(body) as { enabled: boolean; toxics: unknown[] };
  return !shown.enabled || shown.toxics.length > 0;
}

function hasMoved(from: LinkLocation, to: LinkLocation): boolean {
  const known = new Set(from.targets.map(({ host }) => host));
  return (
    from.caller.id !== to.caller.id ||
    from.caller.startedAt !== to.caller.startedAt ||
    to.targets.some(({ host }) => !known.has(host))
  );
}
