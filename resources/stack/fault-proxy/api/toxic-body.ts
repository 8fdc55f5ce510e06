/** Parses API requests about toxics, with Toxiproxy's defaults, order of checks and messages. */
import { isObject } from "../../http/json.ts";
import { Refusal, type ToxicChange } from "../registry.ts";
import { type Attributes, checkAttributes, isHttpToxic, isStreamToxic } from "../toxics/attributes.ts";
import { checkMatch, type Match } from "../toxics/match.ts";
import type { Toxic, ToxicSpec } from "../toxics/toxic.ts";
import { badBody, readSpan, readText } from "./body-fields.ts";

export function readToxic(body: unknown): ToxicSpec {
  if (!isObject(body)) throw badBody("a toxic object was expected");
  const stream = readText(body.stream, "stream") ?? "downstream";
  const type = readText(body.type, "type") ?? "";
  const toxicity = readToxicity(body.toxicity) ?? 1;
  if (!["upstream", "downstream"].includes(stream.toLowerCase())) {
    throw new Refusal(400, "stream was invalid, can be either upstream or downstream");
  }
  if (!isStreamToxic(type) && !isHttpToxic(type)) throw new Refusal(400, "invalid toxic type");
  return {
    name: readText(body.name, "name") || `${type}_${stream}`,
    type,
    stream,
    toxicity,
    attributes: readAttributes(type, body.attributes),
    match: readMatch(type, body.match) ?? {},
    seed: readSeed(body.seed),
    expiresMs: readExpiry(body) ?? undefined,
  };
}

/** Only fields that may change: type, stream, name and seed are ignored. */
export function readToxicChange(body: unknown, toxic: Toxic): ToxicChange {
  if (!isObject(body)) throw badBody("a toxic object was expected");
  const toxicity = readToxicity(body.toxicity);
  const match = readMatch(toxic.type, body.match, toxic.match);
  const expiresMs = readExpiry(body);
  return {
    attributes: readAttributes(toxic.type, body.attributes, toxic.attributes),
    ...(toxicity !== undefined && { toxicity }),
    ...(match !== undefined && { match }),
    ...(expiresMs !== undefined && { expiresMs }),
  };
}

function readAttributes(type: string, given: unknown, prior?: Attributes): Attributes {
  const checked = checkAttributes(type, given, prior);
  if (isProblem(checked)) throw badBody(checked.problem);
  return checked;
}

function readMatch(type: string, given: unknown, prior?: Match): Match | undefined {
  if (given === undefined) return undefined;
  if (!isHttpToxic(type) && given !== null)
    throw badBody(`match is only for toxics that read HTTP, which ${type} does not`);
  const checked = checkMatch(given, prior);
  if (isProblem(checked)) throw badBody(checked.problem);
  return checked;
}

function isProblem(checked: object): checked is { problem: string } {
  return "problem" in checked;
}

function readToxicity(value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === "number" && value >= 0 && value <= 1) return value;
  throw badBody(`toxicity must be a number from 0 to 1, got ${JSON.stringify(value).slice(0, 100)}`);
}

function readSeed(value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (Number.isSafeInteger(value)) return value as number;
  throw badBody("seed must be a whole number");
}

/** `expires_ms` and `for_ms` are synonyms. */
function readExpiry(body: Record<string, unknown>): number | null | undefined {
  return body.expires_ms === undefined ? readSpan(body.for_ms, "for_ms") : readSpan(body.expires_ms, "expires_ms");
}
