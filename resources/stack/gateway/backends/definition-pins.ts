/**
 * The definitions by which a backend's tools are known: what a model has read, and people have approved. A tool whose
 * definition changes without an announcement (list_changed) is withheld until it is again as it was, or the change is announced.
 */
import { createHash } from "node:crypto";
import type { Tool } from "./conflicts/conflict-strategy.ts";

export class DefinitionPins {
  readonly #digests = new Map<string, string>();
  #isAnnounced = false;

  /** The backend has announced that its tools change: the next list is taken as it is. */
  announced(): void {
    this.#isAnnounced = true;
  }

  /** The tools that may be used, and the names of those that have changed. */
  admit(tools: readonly Tool[]): { admitted: readonly Tool[]; withheld: readonly string[] } {
    if (this.#isAnnounced) this.#digests.clear();
    this.#isAnnounced = false;
    const withheld: string[] = [];
    const admitted = tools.filter((tool) => {
      const digest = digestOf(tool);
      const known = this.#digests.get(tool.name);
      if (known === undefined) this.#digests.set(tool.name, digest);
      if (known === undefined || known === digest) return true;
      withheld.push(tool.name);
      return false;
    });
    return { admitted, withheld };
  }
}

function digestOf(tool: Tool): string {
  return createHash("sha256").update(JSON.stringify(tool)).digest("base64");
}
