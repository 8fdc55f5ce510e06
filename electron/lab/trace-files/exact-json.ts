/**
 * JSON in which whole numbers beyond 2^53, such as nanoseconds since 1970, are read as bigints: an ordinary reader rounds
 * them.
 * @throws SyntaxError
 */
export function parseExactJson(text: string): unknown {
  return JSON.parse(text, function keepDigits(_key: string, value: unknown, context?: { source?: string }): unknown {
    if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
    const source = context?.source ?? "";
    return /^-?\d+$/.test(source) ? BigInt(source) : value;
  });
}

/** A time as OTLP counts them: unsigned, of 64 bits, since 1970. */
export function isNanoseconds(value: bigint | undefined): value is bigint {
  return value !== undefined && value >= 0n && value < 2n ** 64n;
}

export type JsonObject = Record<string, unknown>;

export function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

/** A field by its lower camel case name, or by the snake case name that it has in its `.proto` file. */
export function field(object: JsonObject, name: string): unknown {
  return object[name] ?? object[name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)];
}

export function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** Nanoseconds or microseconds, in text, as a number or as a bigint; undefined for what is none of these. */
export function bigintOf(value: unknown): bigint | undefined {
  if (typeof value === "bigint") return value;
  if (typeof value === "number") return Number.isFinite(value) ? BigInt(Math.round(value)) : undefined;
  return typeof value === "string" && /^-?\d+$/.test(value.trim()) ? BigInt(value) : undefined;
}
