import type { RunView } from "../run-view.ts";

const SUFFIX = /-(?:mcp|server|service)$/;
const ONE_WORD = /^[a-z]{3,}$/;
/** Roles that a stack has once, and that are clearer than a service's name. */
const BY_ROLE: Readonly<Record<string, string>> = {
  gateway: "the gateway",
  agent: "the agent",
  "audit-log": "the audit log",
  "approval-channel": "the approval channel",
};

/** A service as a sentence names it: `payments` for `payments-mcp`, else by its role, else its own name. */
export function displayName(view: Pick<RunView, "started">, service: string): string {
  const services = view.started?.services ?? [];
  const role = services.find(({ name }) => name === service)?.role ?? "";
  const byRole = BY_ROLE[role];
  if (byRole !== undefined && services.filter((each) => each.role === role).length === 1) return byRole;
  const short = service.replace(SUFFIX, "");
  const isTaken = services.some(({ name }) => name !== service && name.replace(SUFFIX, "") === short);
  return short !== service && ONE_WORD.test(short) && !isTaken ? short : service;
}

const WITH_ARTICLE = /(?:budget|cache|monitor|breaker|bulkhead|ttl)$/;

/** A protection as a sentence names it: `the budget`, `write once`. */
export function protectionName(name: string): string {
  const plain = name.replaceAll("-", " ").replace(/\bttl$/, "time limit");
  return WITH_ARTICLE.test(name) ? `the ${plain}` : plain;
}

/** `a`, `a and b`, `a, b and c`; beyond `limit` the others are counted. */
export function joined(parts: readonly string[], limit = 3): string {
  const shown = parts.length > limit ? [...parts.slice(0, limit - 1), `${parts.length - limit + 1} more`] : parts;
  const last = shown.at(-1) ?? "";
  return shown.length < 2 ? last : `${shown.slice(0, -1).join(", ")} and ${last}`;
}

/** With a capital, unless it starts with the name of a tool or a service that is no word. */
export function capitalised(text: string): string {
  return /^[a-z]+(?= |$)/.test(text) ? text.charAt(0).toUpperCase() + text.slice(1) : text;
}

/** `1st`, `2nd`, `6th`, `11th`. */
export function ordinal(number: number): string {
  const isTeen = number % 100 >= 11 && number % 100 <= 13;
  const suffix = isTeen ? "th" : (["th", "st", "nd", "rd"][number % 10] ?? "th");
  return `${number}${suffix}`;
}
