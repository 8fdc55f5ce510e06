/** The requests that an HTTP-aware toxic applies to. All given conditions must match. */
import { limits } from "../limits.ts";

export interface Match {
  /** JSON-RPC method, e.g. `tools/call`. `*` matches any characters. */
  method?: string;
  /** The tool of a `tools/call`. `*` matches any characters. */
  tool?: string;
  /** GET, POST, DELETE ... */
  http_method?: string;
  /** The path of the request's target, without its query. `*` matches any characters. */
  path?: string;
  /** Only the nth request that matches the conditions above, counted from 1. */
  ordinal?: number;
  /** Only the first n requests that match the conditions above. */
  first?: number;
  /** The probability for each remaining request, decided by the rule in randomness.ts. */
  probability?: number;
}

/** The properties of a request that can be matched. A batch has several messages. */
export interface Matchable {
  httpMethod: string;
  path: string;
  messages: readonly { method?: string; tool?: string }[];
}

const texts = ["method", "tool", "http_method", "path"] as const;
const counts = ["ordinal", "first"] as const;

/** Merges `given` over `prior`, or returns the problem. `null` removes a condition. */
export function checkMatch(given: unknown, prior: Match = {}): Match | { problem: string } {
  if (given === null) return {};
  if (typeof given !== "object" || Array.isArray(given)) return { problem: "match must be an object" };
  const merged: Record<string, unknown> = { ...prior, ...given };
  for (const [name, value] of Object.entries(merged)) {
    if (value === null) {
      delete merged[name];
    } else if (texts.some((text) => text === name)) {
      if (typeof value !== "string" || value === "" || value.length > limits.nameLength) {
        return { problem: `match.${name} must be a text, got ${JSON.stringify(value)}` };
      }
    } else if (counts.some((count) => count === name)) {
      if (!Number.isSafeInteger(value) || (value as number) < 1) {
        return { problem: `match.${name} must be a whole number from 1, got ${JSON.stringify(value)}` };
      }
    } else if (name === "probability") {
      if (typeof value !== "number" || !(value >= 0 && value <= 1)) {
        return { problem: `match.probability must be a number from 0 to 1, got ${JSON.stringify(value)}` };
      }
    } else {
      const known = [...texts, ...counts, "probability"].join(", ");
      return { problem: `match has no condition ${JSON.stringify(name.slice(0, 100))}; it has ${known}` };
    }
  }
  return merged as Match;
}

/** Whether the request matches the conditions on the request itself. */
export function meets(match: Match, request: Matchable): boolean {
  if (match.http_method !== undefined && match.http_method.toUpperCase() !== request.httpMethod) return false;
  if (!fits(match.path, request.path)) return false;
  if (match.method === undefined && match.tool === undefined) return true;
  return request.messages.some(
    (message) => fits(match.method, message.method) && (match.tool === undefined || fits(match.tool, message.tool)),
  );
}

/** Compares piece by piece, without a regular expression, so that no pattern can take long. */
function fits(pattern: string | undefined, text: string | undefined): boolean {
  if (pattern === undefined) return true;
  if (text === undefined) return false;
  const [start = "", ...rest] = pattern.split("*");
  const end = rest.pop();
  if (end === undefined) return text === pattern;
  if (!text.startsWith(start) || text.length < start.length + end.length || !text.endsWith(end)) return false;
  let at = start.length;
  for (const piece of rest) {
    const found = text.indexOf(piece, at);
    if (found === -1) return false;
    at = found + piece.length;
  }
  return at <= text.length - end.length;
}
