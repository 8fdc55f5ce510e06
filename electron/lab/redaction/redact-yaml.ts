import { isPair, isScalar, parseDocument, type Range, visit } from "yaml";
import { isSecretName } from "./secret-names.ts";

/** A value of a file with its name, or the name of a parent that marks it as a secret. */
interface Value {
  text: string;
  name: string;
  range: Range;
  isBlock: boolean;
}

/** The values of a YAML file, parsed once, since parsing is slow. */
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
   * The text of the file with the values that `redact` changes replaced, in quotes, so that it stays valid. A file that is
   * not YAML has no values, and is returned unchanged.
   */
  redacted(redact: (text: string, name: string) => string): string {
    const replacements = this.#values.flatMap(({ text, name, range, isBlock }) => {
      const redacted = redact(text, name);
      return redacted === text ? [] : [{ range, isBlock, text: redacted }];
    });
    let source = this.source;
    // From the end, so that earlier offsets stay valid.
    for (const { range, isBlock, text } of replacements.sort((a, b) => b.range[0] - a.range[0])) {
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
    Scalar(role, scalar, path) {
      if (!scalar.range) return;
      const text = typeof scalar.value === "string" ? scalar.value : (scalar.source ?? String(scalar.value));
      const isBlock = scalar.type?.startsWith("BLOCK") ?? false;
      values.push({ text, name: role === "key" ? "" : nameAbove(path), range: scalar.range, isBlock });
    },
  });
  return values;
}

/** The nearest parent name that marks a secret, else the nearest name. */
function nameAbove(path: readonly unknown[]): string {
  const names = path.filter(isPair).map(({ key }) => (isScalar(key) ? String(key.value) : ""));
  return names.findLast(isSecretName) ?? names.at(-1) ?? "";
}
