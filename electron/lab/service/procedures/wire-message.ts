import { z } from "zod";
import { isObject, parseJson } from "../../../model/json.ts";
import { LabError } from "../../lab-error.ts";
import { toContractError } from "./lab-errors.ts";

/**
 * What a page sends once it is connected: a call, or that it has given one up (`t` is 4). The form is that of oRPC's
 * peers, less what the contract has no use for: files, form data, event iterators from the page.
 */
const id = z.string().min(1).max(64);
const wireMessage = z.union([
  z.strictObject({ i: id, t: z.literal(4), p: z.null().optional() }),
  z.strictObject({
    i: id,
    t: z.literal(1).optional(),
    p: z.strictObject({ u: z.string().regex(/^\/[\w/]{1,200}$/), b: z.record(z.string(), z.unknown()).optional() }),
  }),
]);

/**
 * The answer to a message that is not of the contract's form, in the form of a call's answer; undefined for one that is.
 * Such a message must not reach the RPC library, which throws at it and answers nothing.
 *
 * @param text undefined for a message that is no text
 */
export function answerToMalformed(text: string | undefined): string | undefined {
  const json = text === undefined ? undefined : parseJson(text);
  if (wireMessage.safeParse(json).success) return undefined;
  const error = toContractError(
    new LabError("bad-input", `this message is outside the contract: ${describe(text, json)}`, {
      hint: "the page and the lab may be of different versions: load the page again",
    }),
  );
  return JSON.stringify({ i: idIn(json), p: { s: error.status, b: { json: error.toJSON() } } });
}

function describe(text: string | undefined, json: unknown): string {
  if (text === undefined) return "it must be text, and is binary";
  if (json === undefined) return "it must be JSON";
  return 'it must be {"i": id, "p": {"u": "/procedure", "b": input}} or {"i": id, "t": 4}';
}

/** Of a call whose answer someone may wait for; empty where there is none. */
function idIn(value: unknown): string {
  const named = isObject(value) ? value.i : undefined;
  return id.safeParse(named).success ? String(named) : "";
}
