/** The names that clients see, resolved from what the backends offer. Computed once for each set of backends. */
import type { ConflictStrategy, Offer, OfferedTool, Resolution, Tool } from "./conflicts/conflict-strategy.ts";
import type { SessionView } from "./session-views.ts";

interface Resolved extends Resolution {
  byName: ReadonlyMap<string, OfferedTool>;
  /** By the backends that a session does not have. */
  shown: Map<string, Shown>;
}

/** The tools of a session, under the names that its client sees. */
interface Shown {
  tools: readonly Tool[];
  /** JSON of them. */
  text: string;
}

const everything: SessionView = { excluded: new Map() };
/** Of sets of excluded backends. */
const resolvedLimit = 64;

export class ToolIndex {
  #resolve: ConflictStrategy;
  readonly #keepsOwners: boolean;
  readonly #resolved = new Map<string, Resolved>();
  #offers: readonly Offer[] | undefined;

  constructor(resolve: ConflictStrategy, keepsOwners: boolean) {
    this.#resolve = resolve;
    this.#keepsOwners = keepsOwners;
  }

  get conflicts(): readonly string[] {
    return this.#for(everything).conflicts;
  }

  /** True if clients see other tools than before; false for the first offers. */
  replace(offers: readonly Offer[], resolve = this.#resolve): boolean {
    const before = this.#offers && this.text(everything);
    this.#resolve = resolve;
    this.#offers = offers;
    this.#resolved.clear();
    return before !== undefined && before !== this.text(everything);
  }

  /** Also a tool whose backend the session does not have, if a name stays with its backend. */
  find(name: string, view: SessionView): OfferedTool | undefined {
    return this.#for(view).byName.get(name);
  }

  /** JSON text of an array. */
  text(view: SessionView): string {
    return this.shown(view).text;
  }

  shown(view: SessionView): Shown {
    const { tools: all, shown: known } = this.#for(view);
    const key = keyOf(view);
    let shown = known.get(key);
    if (shown === undefined) {
      const offered = all.filter(({ backend }) => !view.excluded.has(backend));
      const tools = offered.map(({ name, tool }) => (name === tool.name ? tool : { ...tool, name }));
      shown = { tools, text: JSON.stringify(tools) };
      if (known.size < resolvedLimit) known.set(key, shown);
    }
    return shown;
  }

  #for(view: SessionView): Resolved {
    const key = this.#keepsOwners ? "" : keyOf(view);
    let resolved = this.#resolved.get(key);
    if (!resolved) {
      const offers = this.#offers ?? [];
      const resolution = this.#resolve(
        this.#keepsOwners ? offers : offers.filter(({ backend }) => !view.excluded.has(backend)),
      );
      const byName = new Map(resolution.tools.map((tool) => [tool.name, tool]));
      resolved = { ...resolution, byName, shown: new Map() };
      if (this.#resolved.size < resolvedLimit) this.#resolved.set(key, resolved);
    }
    return resolved;
  }
}

function keyOf({ excluded }: SessionView): string {
  return excluded.size === 0 ? "" : JSON.stringify([...excluded.keys()]);
}
