/**
 * The available tools and the backends that offer them. The last valid list of each backend is kept, so that the tools of a
 * backend that is down stay listed: a call to one then fails with the cause instead of "unknown tool".
 *
 * The lists are kept by backend, never the whole: one that lacks a backend's tools says so, and is asked for again.
 *
 * With `keep` off nothing is cached: only tools that a backend lists at this moment exist.
 */
import type { Backend } from "./backend.ts";
import type { Backends } from "./backends.ts";
import type { ConflictStrategy, Tool } from "./conflicts/conflict-strategy.ts";
import { DefinitionPins } from "./definition-pins.ts";
import { type Listing, listTools } from "./list-tools.ts";
import type { SessionView } from "./session-views.ts";
import { ToolIndex } from "./tool-index.ts";
import type { InitializeResult } from "./upstream.ts";
import { UpstreamFailure } from "./upstream-failure.ts";

export interface CapabilityCacheOptions {
  keep: boolean;
  /** A name stays with its backend while that is down; off: the next backend that has it takes it over. */
  keepsOwners: boolean;
  /** A tool whose definition changes without an announcement is withheld. */
  pinsDefinitions: boolean;
  resolve: ConflictStrategy;
  log: (line: string) => void;
  onToolsChanged?: () => void;
}

/** A backend whose tools a list lacks. */
export interface MissingBackend {
  backend: string;
  reason: string;
}

export interface ToolList {
  /** JSON text of an array. */
  text: string;
  missing: readonly MissingBackend[];
}

/** The tools that a session has at this moment. */
export interface SessionTools extends ToolList {
  tools: readonly Tool[];
}

/** There is no list of tools: the backend that has some, or may have, cannot be used. */
export class NothingListed extends Error {
  override readonly name = "NothingListed";
  readonly backend: string;
  readonly reason: string;

  constructor({ backend, reason }: MissingBackend, isCached: boolean) {
    super(`${backend} is not available${isCached ? "" : ", and no tools of it are cached"}: ${reason}`);
    this.backend = backend;
    this.reason = reason;
  }
}

/**
 * Where a call goes. `excluded`: the session does not have the tool's backend, and why. `withheld`: why nobody can call it.
 */
export type Found =
  | { backend: Backend; tool: Tool }
  | { excluded: string; backend: Backend }
  | { withheld: string; backend: Backend };

const changedText = "its definition has changed without an announcement";

/** A list is not asked for again within this time, unless the backend announces another. */
const freshMs = 1_000;
/** How long to wait for a backend if its tools can be served from the cache. */
const refreshDeadlineMs = 1_000;

export class CapabilityCache {
  readonly #backends: Backends;
  readonly #options: CapabilityCacheOptions;
  readonly #known = new Map<Backend, Listing>();
  readonly #pins = new Map<Backend, DefinitionPins>();
  readonly #takenAtMs = new Map<Backend, number>();
  /** By the name that the backend gives it. */
  readonly #withheld = new Map<Backend, readonly string[]>();
  /** Backends whose tools are not known, and why. */
  readonly #unlisted = new Map<string, string>();
  readonly #index: ToolIndex;
  #refreshing: Promise<void> | undefined;

  constructor(backends: Backends, options: CapabilityCacheOptions) {
    this.#backends = backends;
    this.#options = options;
    this.#index = new ToolIndex(options.resolve, options.keepsOwners);
  }

  get conflicts(): readonly string[] {
    const withheld = this.#backends.all.flatMap((backend) =>
      (this.#withheld.get(backend) ?? []).map(
        (tool) => `tool ${tool} of ${backend.name} is quarantined: ${changedText}`,
      ),
    );
    return [...this.#index.conflicts, ...withheld];
  }

  holds(backend: Backend): boolean {
    return this.#known.has(backend);
  }

  /** Number of tools in the backend's last listing, those of other backends' names included. */
  countOf(backend: Backend): number {
    return this.#known.get(backend)?.tools.length ?? 0;
  }

  /** The backend has announced other tools. */
  announced(backend: Backend): void {
    this.#pins.get(backend)?.announced();
    this.#takenAtMs.delete(backend);
    this.fill();
  }

  /** Other backends are configured, or other names for their tools; nothing is kept of those that are no more. */
  reconfigured(resolve: ConflictStrategy, removed: readonly Backend[]): void {
    for (const backend of removed) {
      for (const kept of [this.#known, this.#pins, this.#takenAtMs, this.#withheld]) kept.delete(backend);
      this.#unlisted.delete(backend.name);
    }
    this.#rebuild(resolve);
    this.fill();
  }

  /** The protocol revision of the backend's last listing; empty if none is kept. */
  revisionOf(backend: Backend): string {
    return this.#known.get(backend)?.about.protocolVersion ?? "";
  }

  /** The backend that offers the tool. An unknown name causes a refresh before it is refused. */
  async find(name: string, view: SessionView): Promise<Found | undefined> {
    const known = this.#options.keep ? this.#lookUp(name, view) : undefined;
    if (known) return known;
    await this.#refresh();
    return this.#lookUp(name, view) ?? this.#findWithheld(name);
  }

  /**
   * The session's tools: current from backends that answer, cached from those that do not.
   * @throws NothingListed when there are none and a backend is unreachable
   */
  async list(view: SessionView): Promise<ToolList> {
    await this.#refresh();
    const list = this.#read(view);
    const [first] = list.missing;
    if (list.text === "[]" && first) throw new NothingListed(first, !this.#unlisted.has(first.backend));
    return list;
  }

  /** The session's tools without asking backends for them, unless no list is kept. */
  async tools(view: SessionView): Promise<SessionTools> {
    if (!this.#options.keep || this.#known.size === 0) await this.#refresh();
    return this.#read(view);
  }

  /** Reads all lists in the background. */
  fill(): void {
    if (!this.#options.keep) return;
    this.#refresh().catch((error: unknown) => this.#options.log(`capability cache: ${String(error)}`));
  }

  /** Reads the backend's list, past its policies, and takes it over. Rejects with UpstreamFailure. */
  async probe(backend: Backend, deadlineMs: number): Promise<void> {
    const listing = await listTools(backend.transport, deadlineMs);
    if (!this.#options.keep) return;
    this.#take(backend, listing);
    this.#rebuild();
  }

  /** The initialize results of the session's backends, in configured order, without those that are not known. */
  async about(view: SessionView): Promise<{ backend: Backend; about: InitializeResult }[]> {
    const found = await Promise.all(
      this.#backends.all
        .filter(({ name }) => !view.excluded.has(name))
        .map(async (backend) => {
          const known = this.#options.keep ? this.#known.get(backend)?.about : undefined;
          const about = known ?? (await this.#ask(backend));
          return about ? [{ backend, about }] : [];
        }),
    );
    return found.flat();
  }

  #read(view: SessionView): SessionTools {
    const lacking = [...new Map([...this.#unlisted, ...view.excluded])];
    const missing = lacking.flatMap(([backend, reason]) =>
      this.#backends.get(backend) === undefined ? [] : { backend, reason },
    );
    return { ...this.#index.shown(view), missing };
  }

  #lookUp(name: string, view: SessionView): Found | undefined {
    const offered = this.#index.find(name, view);
    const backend = offered && this.#backends.get(offered.backend);
    if (!backend) return undefined;
    const why = view.excluded.get(backend.name);
    if (why !== undefined) return { backend, excluded: why };
    return { backend, tool: offered.tool };
  }

  #findWithheld(name: string): Found | undefined {
    const backend = this.#backends.all.find((each) => this.#withheld.get(each)?.includes(name));
    return backend && { backend, withheld: changedText };
  }

  async #ask(backend: Backend): Promise<InitializeResult | undefined> {
    try {
      return await backend.direct.about(Math.min(refreshDeadlineMs, backend.settings.deadlineMs));
    } catch (error) {
      if (error instanceof UpstreamFailure) return undefined;
      throw error;
    }
  }

  #refresh(): Promise<void> {
    this.#refreshing ??= this.#refreshAll().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  async #refreshAll(): Promise<void> {
    let isChanged = false;
    await Promise.all(
      this.#backends.all.map(async (backend) => {
        try {
          const listing = await this.#current(backend);
          if (!listing) return;
          this.#take(backend, listing);
          isChanged = true;
        } catch (error) {
          if (!(error instanceof UpstreamFailure)) throw error;
          if (!this.#options.keep) isChanged = this.#known.delete(backend) || isChanged;
          if (!this.#known.has(backend) && this.#backends.has(backend)) this.#unlisted.set(backend.name, error.message);
        }
      }),
    );
    if (isChanged) this.#rebuild();
  }

  /** Undefined if its last list will do: the monitor reads that of a slow backend, for which no client has to wait. */
  async #current(backend: Backend): Promise<Listing | undefined> {
    const { keep } = this.#options;
    const { deadlineMs } = backend.settings;
    const isKnown = keep && this.#known.has(backend);
    if (isKnown && backend.status === "degraded") return undefined;
    const { exclusion } = backend;
    if (exclusion !== undefined) throw new UpstreamFailure("not-sent", exclusion);
    if (isKnown && performance.now() - (this.#takenAtMs.get(backend) ?? -Infinity) < freshMs) return undefined;
    return listTools(backend.direct, isKnown ? Math.min(refreshDeadlineMs, deadlineMs) : deadlineMs);
  }

  #take(backend: Backend, listing: Listing): void {
    if (!this.#backends.has(backend)) return;
    if (this.#options.pinsDefinitions) {
      const pins = this.#pins.get(backend) ?? new DefinitionPins();
      this.#pins.set(backend, pins);
      const { admitted, withheld } = pins.admit(listing.tools);
      const before = this.#withheld.get(backend)?.join() ?? "";
      if (withheld.join() !== before && withheld.length > 0) {
        this.#options.log(`backend ${backend.name}: quarantined ${withheld.join(", ")}: ${changedText}`);
      }
      this.#withheld.set(backend, withheld);
      this.#known.set(backend, { ...listing, tools: admitted });
    } else {
      this.#known.set(backend, listing);
    }
    this.#takenAtMs.set(backend, performance.now());
    this.#unlisted.delete(backend.name);
  }

  #rebuild(resolve?: ConflictStrategy): void {
    const offers = this.#backends.all.flatMap((backend) => {
      const listing = this.#known.get(backend);
      return listing ? [{ backend: backend.name, tools: listing.tools }] : [];
    });
    if (this.#index.replace(offers, resolve)) this.#options.onToolsChanged?.();
  }
}
