/** Reads policy.yaml. A policy with anything unknown is refused: a misspelt rule must not allow a call. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { type Document, LineCounter, parseDocument } from "yaml";
import { z } from "zod";
import "../../http/value-messages.ts";
import { Policy } from "./policy.ts";
import { PolicyProblems } from "./policy-problems.ts";

/** The message names the file, the location in it and the next step. */
export class PolicyError extends Error {
  override readonly name = "PolicyError";
}

const glob = z.string().min(1, "expected a tool name or a pattern such as list_*, found empty text");
const path = z
  .string()
  .regex(/^[^.]+(\.[^.]+)*$/, "expected a dotted path such as customer.email, with * for any key or index");

const ruleSchema = z
  .strictObject({
    tool: glob,
    action: z.enum(["allow", "deny", "approvalRequired", "redact"]),
    redactFields: z.array(path).min(1, "expected at least one path").optional(),
  })
  .refine((rule) => rule.action !== "redact" || rule.redactFields, {
    path: ["redactFields"],
    message: "missing: action redact needs the fields to redact, for example [note, customer.email]",
  })
  .refine((rule) => rule.action === "redact" || !rule.redactFields, {
    path: ["redactFields"],
    message: "only valid with action redact: remove it or change the action",
  });

const policySchema = z.strictObject({
  rules: z.array(ruleSchema),
  budgets: z.strictObject({ maxToolCallsPerTurn: z.int().min(1).optional() }).default({}),
  defaultAction: z.enum(["allow", "deny", "approvalRequired"]).default("deny"),
  reads: z.array(glob).default([]),
  writes: z.array(glob).default([]),
});

export function readPolicyFile(file: string): Policy {
  const where = resolve(file);
  let text: string;
  try {
    text = readFileSync(where, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const seen = code === "ENOENT" ? "there is no such file" : `it cannot be read (${code})`;
    throw new PolicyError(`${where}: ${seen}. Set POLICY_FILE to a readable policy file.`, { cause: error });
  }
  return parsePolicy(text, where);
}

export function parsePolicy(text: string, where: string): Policy {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const problems = new PolicyProblems(where, lines);
  if (document.errors[0]) throw refusal([problems.ofSyntax(document.errors[0])]);
  const parsed = policySchema.safeParse(toPlainValue(document, where), { reportInput: true });
  if (parsed.success) return new Policy(parsed.data);
  throw refusal(parsed.error.issues.flatMap((issue) => problems.ofValue(document, issue)));
}

function toPlainValue(document: Document, where: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 }) ?? {};
  } catch (error) {
    throw refusal([`${where}:1:1: its aliases (*name) are more than 100, or name no anchor`], error);
  }
}

/** One line for each problem, the last with the next step. */
function refusal(problems: readonly string[], cause?: unknown): PolicyError {
  return new PolicyError(`${problems.join("\n")}. Correct the file and start the gateway again.`, { cause });
}
