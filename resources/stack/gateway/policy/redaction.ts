/**
 * Replaces fields of a call's arguments. Paths are dotted; `*` matches any key or index, a number an index. Paths without
 * a match are ignored. The original is not changed: changed parts are copied, the rest is shared.
 */
const redactedMark = "[redacted]";

export function redact(value: unknown, paths: readonly string[]): unknown {
  return paths.reduce((redacted, path) => redactAt(redacted, path.split("."), 0), value);
}

function redactAt(value: unknown, path: readonly string[], depth: number): unknown {
  const step = path[depth];
  if (step === undefined) return redactedMark;
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    return value.map((item, index) => (matches(step, String(index)) ? redactAt(item, path, depth + 1) : item));
  }
  // fromEntries defines each key as an own property, also __proto__.
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, matches(step, key) ? redactAt(item, path, depth + 1) : item]),
  );
}

function matches(step: string, key: string): boolean {
  return step === "*" || step === key;
}
