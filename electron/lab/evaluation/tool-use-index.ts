import type { ToolUse } from "./invocation.ts";

type Known = Omit<ToolUse, "response">;

/**
 * Finds the use of a tool that another report of the same call stands for. Ids that differ tell two calls apart; where one
 * has none, the name does and, where both are known, the arguments. By maps: a turn may have a hundred thousand uses.
 */
export class ToolUseIndex {
  readonly #positions = new Map<string, number[]>();
  readonly #byId = new Map<string, number>();
  readonly #taken = new Set<number>();

  /** @param position of the use in the list of its turn, in rising order */
  add(use: Known, position: number): void {
    if (use.id !== undefined && !this.#byId.has(use.id)) this.#byId.set(use.id, position);
    for (const key of keysOf(use)) {
      const known = this.#positions.get(key);
      if (known === undefined) this.#positions.set(key, [position]);
      else known.push(position);
    }
  }

  /** Position of the use with this id, whether it is taken or not. */
  withId(id: string | undefined): number | undefined {
    return id === undefined ? undefined : this.#byId.get(id);
  }

  /** Position of the first use that is not taken and is the same call. */
  find(use: Known): number | undefined {
    const positions = matchesOf(use).flatMap((key) => this.#firstOf(key) ?? []);
    return positions.length === 0 ? undefined : Math.min(...positions);
  }

  take(position: number): void {
    this.#taken.add(position);
  }

  #firstOf(key: string): number | undefined {
    const positions = this.#positions.get(key) ?? [];
    while (positions[0] !== undefined && this.#taken.has(positions[0])) positions.shift();
    return positions[0];
  }
}

const ANY = "*";
const NO_ARGUMENTS = "{}";

function key(name: string, id: string, given: string): string {
  return JSON.stringify([name, id, given]);
}

/** What a use is found by: its name with its id or without one, and its arguments or any. */
function keysOf({ name, id = "", arguments: given }: Known): string[] {
  const ids = id === "" ? [""] : [id, ANY];
  return ids.flatMap((each) => [key(name, each, JSON.stringify(given)), key(name, each, ANY)]);
}

/** What finds the same call, the reverse of {@link keysOf}. */
function matchesOf({ name, id, arguments: given }: Known): string[] {
  const text = JSON.stringify(given);
  const byArguments = (each: string) =>
    text === NO_ARGUMENTS ? [key(name, each, ANY)] : [key(name, each, text), key(name, each, NO_ARGUMENTS)];
  return id === undefined ? [...byArguments(""), ...byArguments(ANY)] : [key(name, id, ANY), ...byArguments("")];
}
