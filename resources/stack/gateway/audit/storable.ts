/**
 * JSON and text that Postgres can store. Its text allows no NUL and its jsonb no lone surrogate; both are legal in agents'
 * messages, and one such row must not block the rows after it.
 */
export function storableJson(value: unknown): string {
  const text = JSON.stringify(value ?? null);
  // stringify escapes exactly these characters, so nearly every value needs only one scan.
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
