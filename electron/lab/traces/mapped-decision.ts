import { z } from "zod";
import { parseJson } from "../../model/json.ts";
import type { DecisionField, DecisionsSpec } from "../stacks/decisions-spec.ts";
import { type AuditRow, auditRow } from "./audit-row.ts";

/** More of a call's arguments is not kept, and a check on arguments could not be judged by the rest. */
const ARGUMENTS_LIMIT_CHARS = 256 * 1024;

/** The columns of {@link auditRow} by what a person maps to them. */
export const COLUMN_OF: Record<DecisionField, string> = {
  tool: "tool_name",
  decision: "decision",
  at: "decided_at",
  arguments: "arguments",
  reason: "reason",
  backend: "backend",
  session: "session_id",
  turn: "turn_id",
  call: "call_id",
  durationMs: "duration_ms",
  trace: "trace_id",
  span: "span_id",
};

const TEXTS = ["tool_name", "reason", "backend", "session_id", "turn_id", "call_id", "trace_id", "span_id"];

/**
 * Parses the values that a person has mapped, named as the audit log names its columns, in whatever types a program writes
 * them. Undefined for a row that its words say is no decision.
 */
export function mappedDecision({ words }: DecisionsSpec): z.ZodType<AuditRow | undefined> {
  return z.looseObject({ decision: z.unknown() }).transform((raw, context): AuditRow | undefined => {
    const written = raw.decision;
    const known = words !== undefined && typeof written === "string" && Object.hasOwn(words, written);
    const word = known ? words[written] : words === undefined ? written : undefined;
    if (word === "ignore") return undefined;
    if (word === undefined) {
      const message = `unknown decision: ${JSON.stringify(written)}; name it in words`;
      context.addIssue({ code: "custom", path: ["decision"], message });
      return z.NEVER;
    }
    const parsed = auditRow.safeParse({ ...withTypes(raw), decision: word });
    if (parsed.success && parsed.data.tool === "") {
      context.addIssue({ code: "custom", path: ["tool"], message: "has no tool" });
      return z.NEVER;
    }
    if (parsed.success && lengthOf(parsed.data.arguments) > ARGUMENTS_LIMIT_CHARS) {
      const message = `longer than ${ARGUMENTS_LIMIT_CHARS} characters`;
      context.addIssue({ code: "custom", path: ["arguments"], message });
      return z.NEVER;
    }
    if (parsed.success) return parsed.data;
    for (const { path, message } of parsed.error.issues) context.addIssue({ code: "custom", path, message });
    return z.NEVER;
  });
}

function withTypes(raw: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const texts = TEXTS.map((name): [string, unknown] => [name, textOf(raw[name])]);
  const { arguments: given, duration_ms: duration } = raw;
  return {
    ...raw,
    ...Object.fromEntries(texts),
    arguments: typeof given === "string" ? (parseJson(given) ?? given) : given,
    decided_at: timeOf(raw.decided_at),
    duration_ms: typeof duration === "string" ? Number(duration) : duration,
  };
}

function textOf(value: unknown): unknown {
  return typeof value === "number" || typeof value === "bigint" ? String(value) : value;
}

/** Of numbers, seconds or milliseconds since the epoch. */
const SECONDS_LIMIT = 1e11;

function timeOf(value: unknown): unknown {
  if (value instanceof Date) return value;
  const number = typeof value === "number" ? value : typeof value === "string" && value !== "" ? Number(value) : NaN;
  if (!Number.isNaN(number)) return new Date(number < SECONDS_LIMIT ? number * 1_000 : number);
  return typeof value === "string" ? new Date(value) : value;
}

function lengthOf(value: unknown): number {
  return value === undefined ? 0 : (JSON.stringify(value)?.length ?? 0);
}
