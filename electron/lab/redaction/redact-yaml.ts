import { isPair, isScalar, parseDocument, type Range, visit } from "yaml";
import { isSecretName } from "./secret-names.ts";

/** A value of a file, and the name that it stands under, its own or the one above it that says what it is. */
interface Value {
  text: string;
  name: string;
  range: Range;
  isBlock: boolean;
}

/** A YAML file whose values have been found: that takes far longer than looking at them, and is done once. */
export class YamlValues {
  readonly source: string;
  readonly #values: readonly Value[];

  constructor(source: string) {
    this.source = source;
    this.#values = valuesIn(source);
  }

  each(take: (text: string, name: string) => void): void {
    for (const { text, name } of this.#values) take(text, name);
  }

  /**
   * The file as written, with those of its values replaced that `redact` returns otherwise. What is replaced is written in
   * quotes, so that the file stays what it was; a file that is no YAML has no values, and is left as it is.
   */
  redacted(redact: (text: string, name: string) => string): string {
    const places = this.#values.flatMap(({ text, name, range, isBlock }) => {
      const redacted = redact(text, name);
      return redacted === text ? [] : [{ range, isBlock, text: redacted }];
    });
    let source = this.source;
    // From the end, so that the places before stay where they are.
    for (const { range, isBlock, text } of places.sort((a, b) => b.range[0] - a.range[0])) {
      const [start, end] = range;
      source = `${source.slice(0, start)}${JSON.stringify(text)}${isBlock ? "\n" : ""}${source.slice(end)}`;
    }
    return source;
  }
}

function valuesIn(source: string): Value[] {
  const document = parseDocument(source, { logLevel: "silent", uniqueKeys: false });
  if (document.errors.length > 0) return [];
  const values: Value[] = [];
  visit(document, {
    Scalar(place, scalar, path) {
      if (!scalar.range) return;
      const text = typeof scalar.value === "string" ? scalar.value : (scalar.source ?? String(scalar.value));
      const isBlock = scalar.type?.startsWith("BLOCK") ?? false;
      values.push({ text, name: place === "key" ? "" : nameAbove(path), range: scalar.range, isBlock });
    },
  });
  return values;
}

/** The names that a value stands under, the nearest that says that it is a secret before the nearest at all. */
function nameAbove(path: readonly unknown[]): string {
  const names = path.filter(isPair).map(({ key }) => (isScalar(key) ? String(key.value) : ""));
  return names.findLast(isSecretName) ?? names.at(-1) ?? "";
}
