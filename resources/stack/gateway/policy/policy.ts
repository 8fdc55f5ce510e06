/**
 * The policy for tool calls. Rules are evaluated in order, the first match wins, and the default action applies to tools
 * without a match. Verdicts are cached by tool name: only names that a backend offers are evaluated, so it is bounded.
 */
import { compileGlob } from "./glob.ts";

type Action = "allow" | "deny" | "approvalRequired" | "redact";
export type Access = "read" | "write";

export interface PolicyDocument {
  rules: readonly { tool: string; action: Action; redactFields?: readonly string[] | undefined }[];
  budgets: { maxToolCallsPerTurn?: number | undefined };
  defaultAction: "allow" | "deny" | "approvalRequired";
  reads: readonly string[];
  writes: readonly string[];
}

export interface Verdict {
  action: Action;
  /** The rule that decided, as text. */
  reason: string;
  redactFields: readonly string[];
  access: Access;
}

const readPrefixes = ["read_", "get_", "list_", "lookup_"];
const rememberedVerdicts = 10_000;

export class Policy {
  readonly maxToolCallsPerTurn: number | undefined;
  readonly asksForApprovals: boolean;
  readonly #rules: readonly { matches: (name: string) => boolean; verdict: Omit<Verdict, "access"> }[];
  readonly #otherwise: Omit<Verdict, "access">;
  readonly #reads: readonly ((name: string) => boolean)[];
  readonly #writes: readonly ((name: string) => boolean)[];
  readonly #verdicts = new Map<string, Verdict>();

  constructor(document: PolicyDocument) {
    this.maxToolCallsPerTurn = document.budgets.maxToolCallsPerTurn;
    this.#rules = document.rules.map(({ tool, action, redactFields }, index) => ({
      matches: compileGlob(tool),
      verdict: { action, reason: `rule ${index + 1} (${tool}: ${action})`, redactFields: redactFields ?? [] },
    }));
    const { defaultAction } = document;
    this.#otherwise = {
      action: defaultAction,
      reason: `no rule matches, default is ${defaultAction}`,
      redactFields: [],
    };
    this.#reads = document.reads.map(compileGlob);
    this.#writes = document.writes.map(compileGlob);
    this.asksForApprovals = [defaultAction, ...document.rules.map((rule) => rule.action)].includes("approvalRequired");
  }

  /** `tool`: as clients call it, which the rules name. `original`: as its backend does, which says if it reads or writes. */
  evaluate(tool: string, original = tool): Verdict {
    const remembered = this.#verdicts.get(tool);
    if (remembered) return remembered;
    const rule = this.#rules.find((candidate) => candidate.matches(tool));
    const verdict = { ...(rule?.verdict ?? this.#otherwise), access: this.#accessOf(tool, original) };
    if (this.#verdicts.size < rememberedVerdicts) this.#verdicts.set(tool, verdict);
    return verdict;
  }

  #accessOf(tool: string, original: string): Access {
    if (this.#writes.some((matches) => matches(tool))) return "write";
    if (this.#reads.some((matches) => matches(tool))) return "read";
    return readPrefixes.some((prefix) => original.startsWith(prefix)) ? "read" : "write";
  }
}
