/** Sentences that describe the result of a call to a person. */
import { isObject } from "../http/json.ts";
import type { CallError, CallRecord } from "./report.ts";

const byDecision: Readonly<Record<string, (tool: string, error: CallError) => string>> = {
  deny: (tool) => `${tool} is not allowed by the gateway's policy (deny).`,
  denied: (tool) => `${tool} was not approved: the request was denied (denied).`,
  expired: (tool) => `${tool} was not approved in time (expired).`,
  budgetExceeded: (tool) => `${tool} was not run: this turn has used up its tool calls (budgetExceeded).`,
  upstream_error: (tool, { message }) =>
    `${tool} failed because the service behind the gateway did not answer (upstream_error): ${message}`,
};

export function notAvailable(tool: string, missing: readonly string[]): string {
  const why = missing.length === 0 ? "" : `: ${missing.join(", ")}`;
  return `No tool named ${tool} is available${why}.`;
}

export function failure({ tool, error, text }: CallRecord): string {
  if (!error) return `${tool} failed: ${text ?? "it gave no reason"}`;
  const sentence = byDecision[error.decision ?? ""];
  if (sentence) return sentence(tool, error);
  return error.decision ? `${tool} failed (${error.decision}): ${error.message}` : `${tool} failed: ${error.message}`;
}

/** One sentence on a successful call; the tool's own text for unknown tools. */
export function success(record: CallRecord, structured: Record<string, unknown>): string {
  const { charges, charge, refund, refunds, deleted, channel } = structured;
  if (Array.isArray(charges)) return `Found ${charges.length} charges: ${charges.map(describeCharge).join("; ")}.`;
  if (isObject(refund)) return `Refunded ${money(refund.amount, refund.currency)} of ${refund.charge} (${refund.id}).`;
  if (Array.isArray(refunds)) {
    const list = refunds.filter(isObject).map(({ id, amount, currency }) => `${id} over ${money(amount, currency)}`);
    return list.length === 0 ? "The charge has no refunds." : `Found ${list.length} refunds: ${list.join("; ")}.`;
  }
  if (isObject(charge)) return `Charge ${describeCharge(charge)}.`;
  if (channel !== undefined) return `Sent the message to ${channel}.`;
  if (deleted === true) return `Deleted ${structured.id}.`;
  return record.text ?? `${record.tool} succeeded.`;
}

function describeCharge(charge: unknown): string {
  if (!isObject(charge)) return "an unreadable charge";
  const refunded = Number(charge.amount_refunded) || 0;
  const suffix =
    charge.refunded === true ? ", refunded" : refunded > 0 ? `, ${money(refunded, charge.currency)} refunded` : "";
  return `${charge.id} (${money(charge.amount, charge.currency)}${suffix})`;
}

function money(cents: unknown, currency: unknown): string {
  return `${(Number(cents) / 100).toFixed(2)} ${String(currency ?? "").toUpperCase()}`.trim();
}
