/**
 * The available tools and the backends that offer them. The last valid list of each backend is kept, so that the tools of a
 * backend that is down stay listed: a call to one then fails with the cause instead of "unknown tool".
 *
 * The cache is filled after the start of the gateway, and each time a backend recovers.
 *
 * With `keep` off nothing is cached: only tools that a backend lists at this moment exist.
 */
import { isObject } from "../../http/json.ts";
import type { Backend, InitializeResult } from "./backend.ts";
import { UpstreamFailure } from "./upstream-failure.ts";

export interface CapabilityCacheOptions {
  keep: boolean;
  deadlineMs: number;
  log: (line: string) => void;
  onToolsChanged?: () => void;
}

/** There is no list of tools: none is cached, and the backend that may have some does not answer. */
export class NothingListed extends Error {
  override readonly name = "NothingListed";
  readonly backend: string;
  readonly reason: string;

  constructor(backend: string, reason: string) {
    super(`${backend} is not available, and no tools of it are cached: ${reason}`);
    this.backend = backend;
    this.reason = reason;
  }
}

export type Tool = Record<string, unknown> & { name: string };

const pagesLimit = 100;
/** How long to wait for a backend if its tools can be served from the cache. */
const refreshDeadlineMs = 1_000;

export class CapabilityCache {
  readonly #backends: readonly Backend[];
  readonly #options: CapabilityCacheOptions;
  readonly #about = new Map<Backend, InitializeResult>();
  readonly #tools = new Map<Backend, readonly Tool[]>();
  readonly #index = new Map<string, Backend>();
  /** Backends whose tools are not known, and why. */
  readonly #unlisted = new Map<Backend, UpstreamFailure>();
  #listText: string | undefined;
  #conflicts: readonly string[] = [];
  #refreshing: Promise<void> | undefined;

  constructor(backends: readonly Backend[], options: CapabilityCacheOptions) {
    this.#backends = backends;
    this.#options = options;
  }

  get conflicts(): readonly string[] {
    return this.#conflicts;
  }

  holds(backend: Backend): boolean {
    return this.#tools.has(backend);
  }

  /** The backend that offers the tool. An unknown name causes a refresh before it is refused. */
  async find(tool: string): Promise<Backend | undefined> {
    const known = this.#index.get(tool);
    if (known && this.#options.keep) return known;
    await this.#refresh();
    return this.#index.get(tool);
  }

  /**
   * All tools, as the JSON text of an array: current from backends that answer, cached from those that do not.
   * @throws NothingListed when there are none and a backend is unreachable
   */
  async listText(): Promise<string> {
    await this.#refresh();
    const [[backend, failure] = []] = this.#unlisted;
    if (this.#index.size === 0 && backend !== undefined) throw new NothingListed(backend.name, failure?.message ?? "");
    return this.#listText ?? "[]";
  }

  /** Fills the cache in the background, now and after each recovery of a backend. */
  fill(): void {
    if (!this.#options.keep) return;
    const refresh = () => {
      this.#refresh().catch((error: unknown) => this.#options.log(`capability cache: ${String(error)}`));
    };
    for (const backend of this.#backends) backend.onRecovered = refresh;
    refresh();
  }

  /** The backends' initialize results, in configured order; unreachable ones without a cached result are omitted. */
  async about(): Promise<{ backend: Backend; about: InitializeResult }[]> {
    const found = await Promise.all(
      this.#backends.map(async (backend) => {
        const known = this.#options.keep ? this.#about.get(backend) : undefined;
        const about = known ?? (await this.#ask(backend));
        return about ? [{ backend, about }] : [];
      }),
    );
    return found.flat();
  }

  async #ask(backend: Backend): Promise<InitializeResult | undefined> {
    try {
      const about = await backend.about(Math.min(refreshDeadlineMs, this.#options.deadlineMs));
      this.#about.set(backend, about);
      return about;
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
    await Promise.all(
      this.#backends.map(async (backend) => {
        try {
          this.#tools.set(backend, await this.#list(backend));
          this.#unlisted.delete(backend);
        } catch (error) {
          if (!(error instanceof UpstreamFailure)) throw error;
          if (!this.#options.keep) this.#tools.delete(backend);
          if (!this.#tools.has(backend)) this.#unlisted.set(backend, error);
        }
      }),
    );
    this.#rebuild();
  }

  async #list(backend: Backend): Promise<Tool[]> {
    const { keep, deadlineMs } = this.#options;
    const waitMs = keep && this.#tools.has(backend) ? Math.min(refreshDeadlineMs, deadlineMs) : deadlineMs;
    const endsAt = performance.now() + waitMs;
    const about = await backend.about(waitMs);
    this.#about.set(backend, about);
    if (!about.capabilities.tools) return [];
    const tools: Tool[] = [];
    let cursor: unknown;
    for (let page = 0; page < pagesLimit; page += 1) {
      const params = cursor === undefined ? {} : { cursor };
      const remainingMs = Math.max(1, Math.round(endsAt - performance.now()));
      const { result, errorMessage } = await backend.request("tools/list", params, { deadlineMs: remainingMs });
      if (!Array.isArray(result?.tools)) {
        throw new UpstreamFailure("malformed", `malformed reply to tools/list: ${errorMessage ?? "it lists no tools"}`);
      }
      tools.push(...result.tools.filter(isTool));
      cursor = result.nextCursor;
      if (typeof cursor !== "string") return tools;
    }
    throw new UpstreamFailure("malformed", `malformed reply to tools/list: more than ${pagesLimit} pages`);
  }

  #rebuild(): void {
    const all: Tool[] = [];
    const conflicts: string[] = [];
    this.#index.clear();
    for (const backend of this.#backends) {
      for (const tool of this.#tools.get(backend) ?? []) {
        const first = this.#index.get(tool.name);
        if (!first) {
          this.#index.set(tool.name, backend);
          all.push(tool);
        } else if (first !== backend) {
          conflicts.push(`tool ${tool.name} of ${backend.name} is hidden by the one of ${first.name}`);
        }
      }
    }
    this.#conflicts = conflicts;
    const text = JSON.stringify(all);
    const changed = this.#listText !== undefined && this.#listText !== text;
    this.#listText = text;
    if (changed) this.#options.onToolsChanged?.();
  }
}

function isTool(value: unknown): value is Tool {
  return isObject(value) && typeof value.name === "string" && value.name !== "";
}
