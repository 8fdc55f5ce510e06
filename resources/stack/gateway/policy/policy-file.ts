/** Reads policy.yaml. A policy with anything unknown is refused: a misspelt rule must not allow a call. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { LineCounter, parseDocument } from "yaml";
import { z } from "zod";
import { Policy } from "./policy.ts";

/** The message names the file, the location in it and the next step. */
export class PolicyError extends Error {
  override readonly name = "PolicyError";
}

const glob = z.string().min(1, "expected a tool name or a pattern such as list_*");
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
    const { code, message } = error as NodeJS.ErrnoException;
    const seen = code === "ENOENT" ? "there is no such file" : message;
    throw new PolicyError(`${where}: ${seen}. Set POLICY_FILE to a readable policy file.`, { cause: error });
  }
  return parsePolicy(text, where);
}

export function parsePolicy(text: string, where: string): Policy {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [error] = document.errors;
  if (error) {
    const { line, col } = lines.linePos(error.pos[0]);
    throw new PolicyError(`${where}:${line}:${col}: not valid YAML: ${error.message}. Correct the file.`);
  }
  const parsed = policySchema.safeParse(toPlainValue(document, where));
  if (parsed.success) return new Policy(parsed.data);
  const problems = parsed.error.issues.map((issue) => describe(issue));
  throw new PolicyError(`${where}: ${problems.join("; ")}. Correct the file and start again.`);
}

function toPlainValue(document: ReturnType<typeof parseDocument>, where: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 }) ?? {};
  } catch (error) {
    throw new PolicyError(`${where}: ${(error as Error).message}. Correct the file.`, { cause: error });
  }
}

const knownFields = "known fields are rules, budgets, defaultAction, reads, writes";
const knownFieldsIn: Readonly<Record<string, string>> = {
  rules: "a rule's fields are tool, action, redactFields",
  budgets: "the known budget is maxToolCallsPerTurn",
};

function describe(issue: z.core.$ZodIssue): string {
  const location = issue.path.length > 0 ? issue.path.join(".") : "the document";
  if (issue.code === "unrecognized_keys") {
    const known = knownFieldsIn[String(issue.path[0] ?? "")] ?? knownFields;
    return `${location}: unknown field ${issue.keys.map((key) => JSON.stringify(key)).join(", ")} (${known})`;
  }
  return `${location}: ${issue.message}`;
}
