/** What this editor reads of a JSON Schema (2020-12), as zod writes it for a scenario. */
export interface JsonSchema {
  type?: string;
  description?: string;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  additionalProperties?: boolean | JsonSchema;
  items?: JsonSchema;
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  allOf?: JsonSchema[];
  enum?: unknown[];
  const?: unknown;
  pattern?: string;
  $ref?: string;
  $defs?: Record<string, JsonSchema>;
}

/** One step into a document: to a key of a map, whose other keys tell which kind of map it is, or to an item of a list. */
export type Segment = { key: string; siblings: readonly string[] } | { item: true };

export interface KeyOffer {
  key: string;
  isRequired: boolean;
  /** The kind of value, in a few words. */
  kind: string;
  description: string;
}

const DEEPEST = 12;

/** Everything that the schema allows at a place of a document. Knows nothing of YAML or of the editor. */
export class SchemaGuide {
  readonly #root: JsonSchema;

  constructor(root: JsonSchema) {
    this.#root = root;
  }

  /** The kinds of value that may stand there; none when the path leads nowhere. */
  at(path: readonly Segment[]): JsonSchema[] {
    let schemas = this.#kindsOf(this.#root, DEEPEST);
    for (const segment of path) {
      const next = "item" in segment ? schemas.flatMap(({ items }) => items ?? []) : this.#intoKey(schemas, segment);
      schemas = next.flatMap((schema) => this.#kindsOf(schema, DEEPEST));
    }
    return schemas;
  }

  /** Keys that a map there may have besides those it has. */
  keys(path: readonly Segment[], present: readonly string[]): KeyOffer[] {
    const offers = new Map<string, KeyOffer>();
    const maps = fitting(this.at(path), present).filter(({ properties }) => properties !== undefined);
    for (const { properties = {} } of maps) {
      for (const [key, schema] of Object.entries(properties)) {
        if (present.includes(key) || offers.has(key)) continue;
        const kinds = this.#kindsOf(schema, DEEPEST);
        offers.set(key, {
          key,
          // Of several kinds of map, each may require its own.
          isRequired: maps.every(({ required }) => required?.includes(key)),
          kind: kindWords(kinds),
          description: schema.description ?? descriptionOf(kinds),
        });
      }
    }
    return [...offers.values()];
  }

  /** Scalars that the schema names: the words of an enumeration, a constant, true and false. */
  values(path: readonly Segment[]): string[] {
    const words = this.at(path).flatMap(({ enum: choices, const: constant, type }) => {
      if (choices !== undefined) return choices.map(String);
      if (constant !== undefined) return [String(constant)];
      return type === "boolean" ? ["true", "false"] : [];
    });
    return [...new Set(words)];
  }

  /** What a key is for, and what it takes; undefined when the schema does not know it. */
  describe(path: readonly Segment[]): { kind: string; description: string } | undefined {
    const kinds = this.at(path);
    if (kinds.length === 0) return undefined;
    return { kind: kindWords(kinds), description: descriptionOf(kinds) };
  }

  #intoKey(schemas: readonly JsonSchema[], { key, siblings }: { key: string; siblings: readonly string[] }) {
    return fitting(schemas, [...siblings, key]).flatMap(({ properties, additionalProperties }) => {
      const own = properties?.[key];
      if (own !== undefined) return [own];
      return typeof additionalProperties === "object" ? [additionalProperties] : [];
    });
  }

  /** A schema as the plain kinds that it is made of. What is said of a choice is said of each. */
  #kindsOf(schema: JsonSchema, depth: number): JsonSchema[] {
    if (depth === 0) return [];
    const target = schema.$ref === undefined ? undefined : this.#resolve(schema.$ref);
    const parts = [
      ...(schema.anyOf ?? []),
      ...(schema.oneOf ?? []),
      ...(schema.allOf ?? []),
      ...(target ? [target] : []),
    ];
    if (parts.length === 0) return [schema];
    const { description } = schema;
    return parts
      .flatMap((part) => this.#kindsOf(part, depth - 1))
      .map((kind) => (kind.description === undefined && description !== undefined ? { ...kind, description } : kind));
  }

  #resolve(reference: string): JsonSchema | undefined {
    if (reference === "#") return this.#root;
    return this.#root.$defs?.[reference.replace(/^#\/\$defs\//, "")];
  }
}

/** Those that may have all of these keys; all of them when none may, for a map that is only being written. */
function fitting(schemas: readonly JsonSchema[], keys: readonly string[]): readonly JsonSchema[] {
  const fit = schemas.filter(
    ({ properties, additionalProperties }) =>
      properties !== undefined && (additionalProperties !== false || keys.every((key) => key in properties)),
  );
  return fit.length > 0 ? fit : schemas;
}

function descriptionOf(kinds: readonly JsonSchema[]): string {
  return kinds.find(({ description }) => description !== undefined)?.description ?? "";
}

function kindWords(kinds: readonly JsonSchema[]): string {
  return [...new Set(kinds.map(kindWord))].join(" or ");
}

const DURATION = /\(ms\|s\|m\|h\)/;
const SHOWN_CHOICES = 4;

function kindWord({ type, enum: choices, const: constant, pattern }: JsonSchema): string {
  if (choices !== undefined) {
    const words = choices.slice(0, SHOWN_CHOICES).join(" | ");
    return choices.length > SHOWN_CHOICES ? `${words} | …` : words;
  }
  if (constant !== undefined) return String(constant);
  if (pattern !== undefined && DURATION.test(pattern)) return "duration";
  if (type === "array") return "list";
  if (type === "object") return "map";
  if (type === "string") return "text";
  return type ?? "any value";
}
