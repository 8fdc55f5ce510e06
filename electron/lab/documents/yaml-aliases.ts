import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  visit,
  type YAMLMap,
} from "yaml";

/** Values that a document may have once its aliases are expanded, and aliases that it may have. */
const EXPANDED_LIMIT = 200_000;
const ALIAS_LIMIT = 5_000;

interface AliasProblem {
  offset: number;
  message: string;
}

/** What the aliases (`*name`) and merge keys (`<<`) of a document refer to, and why they cannot be expanded. */
export class YamlAliases {
  readonly problems: readonly AliasProblem[];
  readonly #document: Document;
  readonly #targets = new Map<Alias, Node>();

  constructor(document: Document) {
    this.#document = document;
    this.problems = this.#resolve();
  }

  /** The value under a path, through aliases and merges. */
  nodeAt(path: readonly PropertyKey[]): Node | undefined {
    let node = this.#resolved(this.#document.contents);
    for (const part of path) {
      if (isMap(node)) node = this.#resolved(this.pairOf(node, String(part))?.value);
      else if (isSeq(node)) node = this.#resolved(node.items[Number(part)]);
      else return undefined;
    }
    return node;
  }

  /** A field of a map by its name: the map's own, else that of the first map merged into it which has it. */
  pairOf(map: YAMLMap, name: string): Pair | undefined {
    const own = map.items.find(({ key }) => isScalar(key) && !isMergeKey(key.value) && String(key.value) === name);
    if (own !== undefined) return own;
    for (const merged of map.items.flatMap((pair) => this.#mergedBy(pair))) {
      const found = this.pairOf(merged, name);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #mergedBy({ key, value }: Pair): YAMLMap[] {
    if (!isScalar(key) || !isMergeKey(key.value)) return [];
    const source = this.#resolved(value);
    const maps = isSeq(source) ? source.items.map((item) => this.#resolved(item)) : [source];
    return maps.filter((each) => isMap(each));
  }

  #resolved(node: unknown): Node | undefined {
    if (isAlias(node)) return this.#targets.get(node);
    return isMap(node) || isSeq(node) || isScalar(node) ? node : undefined;
  }

  /** An alias refers to the last anchor of its name before it. */
  #resolve(): AliasProblem[] {
    const anchors = new Map<string, Node>();
    const problems: AliasProblem[] = [];
    const aliases: Alias[] = [];
    visit(this.#document, {
      Node: (_key, node, above) => {
        if (!isAlias(node)) {
          const { anchor } = node as { anchor?: string };
          if (anchor !== undefined) anchors.set(anchor, node as Node);
          return;
        }
        aliases.push(node);
        const target = anchors.get(node.source);
        const offset = node.range?.[0] ?? 0;
        if (target === undefined) problems.push({ offset, message: `nothing before this is marked &${node.source}` });
        else if (above.includes(target)) problems.push({ offset, message: `*${node.source} is a part of itself` });
        else this.#targets.set(node, target);
      },
      Pair: (_key, pair, above) => {
        const problem = this.#mergeProblem(pair, above.at(-1), anchors);
        if (problem !== undefined) problems.push(problem);
      },
    });
    if (problems.length > 0) return problems;
    if (aliases.length > ALIAS_LIMIT) return [{ offset: 0, message: `more than ${ALIAS_LIMIT} aliases` }];
    if (this.#expandedSize() <= EXPANDED_LIMIT) return [];
    return [{ offset: 0, message: `its aliases expand to more than ${EXPANDED_LIMIT} values` }];
  }

  #mergeProblem({ key, value }: Pair, map: unknown, anchors: ReadonlyMap<string, Node>): AliasProblem | undefined {
    if (!isMap(map) || !isScalar(key) || !isMergeKey(key.value)) return undefined;
    const target = (node: unknown) => (isAlias(node) ? anchors.get(node.source) : node);
    const source = target(value);
    const merged = isSeq(source) ? source.items.map(target) : [source];
    // An alias of nothing is reported as that.
    if (merged.every((each) => isMap(each) || each === undefined)) return undefined;
    return { offset: key.range?.[0] ?? 0, message: "<< merges maps; this is not a map or an alias of one" };
  }

  #expandedSize(): number {
    const sizes = new Map<unknown, number>();
    const sizeOf = (node: unknown): number => {
      const known = sizes.get(node);
      if (known !== undefined) return known;
      const size = 1 + childrenOf(node).reduce<number>((sum, child) => sum + sizeOf(child), 0);
      sizes.set(node, size);
      return size;
    };
    const childrenOf = (node: unknown): readonly unknown[] => {
      if (isAlias(node)) return [this.#targets.get(node)];
      if (isMap(node)) return node.items.flatMap((pair) => (isPair(pair) ? [pair.key, pair.value] : []));
      return isSeq(node) ? node.items : [];
    };
    return sizeOf(this.#document.contents);
  }
}

/** The parser reads a plain `<<` as a symbol, and a quoted one as text. */
function isMergeKey(value: unknown): boolean {
  return typeof value === "symbol" && value.description === "<<";
}
