/**
 * All links and their toxics, the state behind the API. Changes are serialised, because some wait for a listener; reads
 * never wait. Timed changes (a toxic's expiry, a link that is down temporarily) are undone here, by the proxy itself, so
 * that a fault ends even if the client that armed it is no longer connected.
 */
import { sameListenAddress } from "./address.ts";
import type { Hit } from "./hits.ts";
import { limits } from "./limits.ts";
import type { HeldBytes } from "./links/lane.ts";
import { Link, type Route } from "./links/link.ts";
import { allowedListen } from "./links/listen-address.ts";
import { RecordLog } from "./record-log.ts";
import type { Toxic, ToxicSpec } from "./toxics/toxic.ts";
import { WireTap } from "./wire/wire-tap.ts";

export interface LinkSpec {
  name: string;
  listen: string;
  upstream: string;
  /** Further addresses of the same link; fixed once it is created. */
  also?: readonly Route[];
  enabled: boolean;
  toxics: readonly ToxicSpec[] | undefined;
}

export interface LinkChange {
  listen?: string;
  upstream?: string;
  enabled?: boolean;
  /** With `enabled: false`: the link reopens after this time. */
  disabledForMs?: number;
}

export interface ToxicChange {
  toxicity?: number;
  attributes?: Toxic["attributes"];
  match?: Toxic["match"];
  expiresMs?: number | null;
}

/** A change that the API refuses, with Toxiproxy's status for it. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

type LinkState = Pick<Link, "listen" | "upstream" | "isEnabled" | "backAt">;

function stateOf({ listen, upstream, isEnabled, backAt }: Link): LinkState {
  return { listen, upstream, isEnabled, backAt };
}

export class Registry {
  readonly hits = new RecordLog<Hit>(limits.hits);
  readonly wire = new WireTap();
  readonly held: HeldBytes = { total: 0 };
  readonly #seed: number;
  readonly #beyondLoopback: boolean;
  readonly #links = new Map<string, Link>();
  readonly #expiries = new Map<Toxic, NodeJS.Timeout>();
  readonly #returns = new Map<Link, NodeJS.Timeout>();
  #events = 0;
  #lastChange: Promise<unknown> = Promise.resolve();

  /** `beyondLoopback` allows links to listen on addresses that other machines can reach. */
  constructor(seed: number, beyondLoopback = false) {
    this.#seed = seed;
    this.#beyondLoopback = beyondLoopback;
  }

  links(): Link[] {
    return [...this.#links.values()];
  }

  link(name: string): Link {
    const link = this.#links.get(name);
    if (!link) throw new Refusal(404, "proxy not found");
    return link;
  }

  toxic(linkName: string, name: string): { link: Link; toxic: Toxic } {
    const link = this.link(linkName);
    const toxic = link.toxics().find((other) => other.name === name);
    if (!toxic) throw new Refusal(404, "toxic not found");
    return { link, toxic };
  }

  createLink(spec: LinkSpec): Promise<Link> {
    return this.#change(() => {
      if (this.#links.has(spec.name)) throw new Refusal(409, "proxy already exists");
      return this.#create(spec);
    });
  }

  updateLink(name: string, read: (link: Link) => LinkChange): Promise<Link> {
    return this.#change(async () => {
      const link = this.link(name);
      const change = read(link);
      const { upstream = link.upstream, enabled = link.isEnabled } = change;
      // An invalid or forbidden address leaves the link unchanged.
      const listen = this.#allowed(change.listen ?? link.listen);
      const before = stateOf(link);
      this.#cancelReturn(link);
      try {
        if (!sameListenAddress(listen, link.listen) || upstream !== link.upstream) {
          await link.disable();
          link.listen = listen;
          link.upstream = upstream;
        }
        if (enabled) await link.enable();
        else await link.disable();
      } catch (error) {
        await this.#restore(link, before);
        throw error;
      }
      if (!enabled && change.disabledForMs !== undefined) this.#returnLater(link, change.disabledForMs);
      return link;
    });
  }

  removeLink(name: string): Promise<void> {
    return this.#change(() => this.#remove(this.link(name)));
  }

  /** In order, one by one; `onDone` receives each resulting link, also if a later one fails. */
  populate(specs: readonly LinkSpec[], onDone: (link: Link) => void): Promise<void> {
    return this.#change(async () => {
      for (const spec of specs) onDone(await this.#createOrKeep(spec));
    });
  }

  reset(): Promise<void> {
    return this.#change(async () => {
      const failures: unknown[] = [];
      for (const link of this.#links.values()) {
        const wasToReturn = this.#cancelReturn(link);
        for (const toxic of link.toxics()) this.#removeToxic(link, toxic);
        // One link that cannot reopen must not prevent the reset of the others.
        await this.#bringBack(link, wasToReturn).catch((error: unknown) => failures.push(error));
      }
      if (failures.length > 0) throw failures[0];
    });
  }

  addToxic(linkName: string, read: (link: Link) => ToxicSpec): Promise<Toxic> {
    return this.#change(async () => {
      const link = this.link(linkName);
      const spec = read(link);
      if (link.toxics().some(({ name }) => name === spec.name)) throw new Refusal(409, "toxic already exists");
      return this.#addToxic(link, spec);
    });
  }

  updateToxic(linkName: string, name: string, read: (toxic: Toxic) => ToxicChange): Promise<Toxic> {
    return this.#change(async () => {
      const { link, toxic } = this.toxic(linkName, name);
      const { toxicity, attributes, match, expiresMs } = read(toxic);
      if (toxicity !== undefined) toxic.toxicity = toxicity;
      if (attributes !== undefined) toxic.attributes = attributes;
      if (match !== undefined) toxic.match = match;
      if (expiresMs !== undefined) this.#expire(link, toxic, expiresMs ?? undefined);
      link.toxicUpdated(toxic);
      return toxic;
    });
  }

  removeToxic(linkName: string, name: string): Promise<void> {
    return this.#change(async () => {
      const { link, toxic } = this.toxic(linkName, name);
      this.#removeToxic(link, toxic);
    });
  }

  async close(): Promise<void> {
    this.hits.close();
    this.wire.close();
    await this.#change(async () => {
      await Promise.all(this.links().map((link) => this.#remove(link)));
    });
  }

  #allowed(listen: string): string {
    return allowedListen(listen, this.#beyondLoopback);
  }

  #change<T>(change: () => Promise<T>): Promise<T> {
    const result = this.#lastChange.then(change);
    this.#lastChange = result.catch(() => {});
    return result;
  }

  async #create(spec: LinkSpec): Promise<Link> {
    if (this.#links.size >= limits.links) throw new Refusal(400, `too many proxies: at most ${limits.links}`);
    const { upstream } = spec;
    const listen = this.#allowed(spec.listen);
    const also = spec.also?.map((route) => ({ ...route, listen: this.#allowed(route.listen) }));
    const { hits, wire, held } = this;
    const parts = { seed: this.#seed, hits, wire, held, nextEvent: () => (this.#events += 1) };
    const link = new Link(parts, spec.name, { listen, upstream }, also);
    // Armed before the listener opens, so that they affect the first connection.
    for (const toxic of spec.toxics ?? []) this.#addToxic(link, toxic);
    try {
      if (spec.enabled) await link.enable();
    } catch (error) {
      for (const toxic of link.toxics()) this.#removeToxic(link, toxic);
      throw error;
    }
    this.#links.set(spec.name, link);
    return link;
  }

  /** An existing link with the same addresses is kept; given toxics replace those with the same name. */
  async #createOrKeep(spec: LinkSpec): Promise<Link> {
    const prior = this.#links.get(spec.name);
    if (!prior) return this.#create(spec);
    if (!sameListenAddress(prior.listen, this.#allowed(spec.listen)) || prior.upstream !== spec.upstream) {
      return this.#replace(prior, spec);
    }
    if (spec.toxics) {
      for (const toxic of prior.toxics()) this.#removeToxic(prior, toxic);
      for (const toxic of spec.toxics) this.#addToxic(prior, toxic);
    }
    return prior;
  }

  /** The existing one is kept if the new one is refused. */
  async #replace(prior: Link, spec: LinkSpec): Promise<Link> {
    const before = stateOf(prior);
    this.#cancelReturn(prior);
    this.#links.delete(prior.name);
    await prior.disable();
    try {
      const link = await this.#create(spec);
      for (const toxic of prior.toxics()) this.#removeToxic(prior, toxic);
      return link;
    } catch (error) {
      this.#links.set(prior.name, prior);
      await this.#restore(prior, before);
      throw error;
    }
  }

  async #remove(link: Link): Promise<void> {
    this.#cancelReturn(link);
    this.#links.delete(link.name);
    await link.disable();
    for (const toxic of link.toxics()) this.#removeToxic(link, toxic);
  }

  #addToxic(link: Link, spec: ToxicSpec): Toxic {
    if (link.toxics().length >= limits.toxicsPerLink) {
      throw new Refusal(400, `too many toxics on ${link.name}: at most ${limits.toxicsPerLink}`);
    }
    const toxic = link.addToxic(spec);
    this.#expire(link, toxic, spec.expiresMs);
    return toxic;
  }

  #removeToxic(link: Link, toxic: Toxic): void {
    clearTimeout(this.#expiries.get(toxic));
    this.#expiries.delete(toxic);
    link.removeToxic(toxic);
  }

  #expire(link: Link, toxic: Toxic, ms: number | undefined): void {
    clearTimeout(this.#expiries.get(toxic));
    this.#expiries.delete(toxic);
    toxic.expiresAt = ms === undefined ? undefined : Date.now() + ms;
    if (ms === undefined) return;
    const removal = setTimeout(() => this.#removeToxic(link, toxic), ms);
    this.#expiries.set(toxic, removal);
  }

  #returnLater(link: Link, ms: number): void {
    link.backAt = Date.now() + ms;
    const comeBack = async (): Promise<void> => {
      // Cancelled while it waited for an earlier change.
      if (link.backAt === undefined) return;
      await this.#bringBack(link, this.#cancelReturn(link));
    };
    const timer = setTimeout(() => {
      this.#change(comeBack).catch((error: Error) => {
        console.error(`link ${link.name} cannot reopen yet: ${error.message}`);
      });
    }, ms);
    this.#returns.set(link, timer);
  }

  /** A refused change leaves the link unchanged: open if it was open, or scheduled to reopen. */
  async #restore(link: Link, { listen, upstream, isEnabled, backAt }: LinkState): Promise<void> {
    link.listen = listen;
    link.upstream = upstream;
    if (!isEnabled && backAt === undefined) return;
    // The port of an open link is free again, unless another program has taken it meanwhile.
    const isOpen =
      isEnabled &&
      (await link.enable().then(
        () => true,
        () => false,
      ));
    if (!isOpen) this.#returnLater(link, limits.returnAgainMs);
  }

  /** Retries to reopen a link whose port is in use: otherwise it would stay down permanently. */
  async #bringBack(link: Link, wasToReturn: boolean): Promise<void> {
    try {
      await link.enable();
    } catch (error) {
      if (wasToReturn) this.#returnLater(link, limits.returnAgainMs);
      throw error;
    }
  }

  /** True if the link was scheduled to reopen. */
  #cancelReturn(link: Link): boolean {
    clearTimeout(this.#returns.get(link));
    this.#returns.delete(link);
    const wasToReturn = link.backAt !== undefined;
    link.backAt = undefined;
    return wasToReturn;
  }
}
