import { entropyOf } from "./checksums.ts";
import { splitAtPlaceholders } from "./placeholder.ts";

const CANDIDATE = /(?<![A-Za-z0-9_+/=.-])[A-Za-z0-9_+/=-]{20,200}(?![A-Za-z0-9_+/=])/g;
/** Identifiers of the stack itself: long and random, but not secrets. */
const IDENTIFIER = /^(?:ch|re|pi|cus|in|req|evt|call|run|step|sha\d+)[_-]/;
const MIN_ENTROPY = 3.8;

/**
 * Possible secrets that no rule matches: long, with upper-case and lower-case letters and digits, and as random as a key.
 * Each is reported by its beginning and its length, enough to find it but not to use it.
 */
export function findSuspicious(text: string): string[] {
  return splitAtPlaceholders(text)
    .filter((_, index) => index % 2 === 0)
    .flatMap((piece) => piece.match(CANDIDATE) ?? [])
    .filter(looksRandom)
    .map((value) => `${value.slice(0, 4)}... (${value.length} characters)`);
}

function looksRandom(value: string): boolean {
  if (IDENTIFIER.test(value) || value.includes("/") || /^[\da-f-]+$/i.test(value)) return false;
  return /[A-Z]/.test(value) && /[a-z]/.test(value) && /\d/.test(value) && entropyOf(value) >= MIN_ENTROPY;
}
