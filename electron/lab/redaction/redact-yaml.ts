import { isPair, isScalar, parseDocument, type Range, type Scalar, visit } from "yaml";
import { isSecretName } from "./secret-names.ts";

/**
 * A YAML file as written, with those of its values replaced that `redact` returns otherwise. What is replaced is written
 * in quotes, so that the file stays what it was; a file that is no YAML is left as it is.
 *
 * @param redact given a value and the name that it stands under, its own or the one above it that says what it is
 */
export function redactYaml(source: string, redact: (text: string, name: string) => string): string {
  const document = parseDocument(source, { logLevel: "silent", uniqueKeys: false });
  if (document.errors.length > 0) return source;
  const places: { range: Range; isBlock: boolean; text: string }[] = [];
  const take = (scalar: Scalar, name: string) => {
    if (!scalar.range) return;
    const text = typeof scalar.value === "string" ? scalar.value : (scalar.source ?? String(scalar.value));
    const redacted = redact(text, name);
    if (redacted === text) return;
    places.push({ range: scalar.range, isBlock: scalar.type?.startsWith("BLOCK") ?? false, text: redacted });
  };
  visit(document, {
    Scalar(place, scalar, path) {
      take(scalar, place === "key" ? "" : nameAbove(path));
    },
  });
  // From the end, so that the places before stay where they are.
  for (const { range, isBlock, text } of places.sort((a, b) => b.range[0] - a.range[0])) {
    const [start, end] = range;
    source = `${source.slice(0, start)}${JSON.stringify(text)}${isBlock ? "\n" : ""}${source.slice(end)}`;
  }
  return source;
}

/** The names that a value stands under, the nearest that says that it is a secret before the nearest at all. */
function nameAbove(path: readonly unknown[]): string {
  const names = path.filter(isPair).map(({ key }) => (isScalar(key) ? String(key.value) : ""));
  return names.findLast(isSecretName) ?? names.at(-1) ?? "";
}
