/** Validation of the fields in API requests. */
import { limits } from "../limits.ts";
import { Refusal } from "../registry.ts";

export function badBody(problem: string): Refusal {
  return new Refusal(400, `bad request body: ${problem}`);
}

/** A duration from now in milliseconds; `null` means none. */
export function readSpan(value: unknown, field: string): number | null | undefined {
  if (value === undefined || value === null) return value;
  const isRight = Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= limits.expiryMs;
  if (isRight) return value as number;
  throw badBody(`${field} must be a whole number of milliseconds from 1 to ${limits.expiryMs}`);
}

export function readText(value: unknown, field: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === "string" && value.length <= limits.nameLength) return value;
  throw badBody(`${field} must be a text of at most ${limits.nameLength} characters`);
}
