/** What to do when two backends offer a tool of the same name. */
export type Tool = Record<string, unknown> & { name: string };

/** In the order of the configuration. */
export interface Offer {
  backend: string;
  tools: readonly Tool[];
}

export interface OfferedTool {
  /** As clients see it. */
  name: string;
  backend: string;
  /** As its backend lists it. */
  tool: Tool;
}

export interface Resolution {
  tools: readonly OfferedTool[];
  /** Tools that clients do not see, and why. */
  conflicts: readonly string[];
}

export type ConflictStrategy = (offers: readonly Offer[]) => Resolution;

/** Of several tools with one name the first is kept. */
export function keepFirst(all: readonly OfferedTool[]): Resolution {
  const byName = new Map<string, OfferedTool>();
  const conflicts: string[] = [];
  for (const each of all) {
    const first = byName.get(each.name);
    if (!first) byName.set(each.name, each);
    else if (first.backend !== each.backend) {
      conflicts.push(`tool ${each.name} of ${each.backend} is hidden by the one of ${first.backend}`);
    }
  }
  return { tools: [...byName.values()], conflicts };
}

export function namedAsListed({ backend, tools }: Offer): OfferedTool[] {
  return tools.map((tool) => ({ name: tool.name, backend, tool }));
}
