/**
 * JSON and text that Postgres can hold. Its text has no NUL and its jsonb no half of a surrogate pair; both are legal in
 * what an agent sends, and one such row must not stop all rows behind it.
 */
export function storableJson(value: unknown): string {
  const text = JSON.stringify(value ?? null);
  // stringify escapes exactly what is looked for, so nearly every value is done after one scan.
  return text.includes("\\u") ? JSON.stringify(clean(value)) : text;
}

export function storableText(text: string): string {
  return (text.includes("\0") ? text.replaceAll("\0", "\ufffd") : text).toWellFormed();
}

function clean(value: unknown): unknown {
  if (typeof value === "string") return storableText(value);
  if (Array.isArray(value)) return value.map(clean);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [storableText(key), clean(item)]));
}
