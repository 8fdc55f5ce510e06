import { z } from "zod";
import { isObject } from "../../model/json.ts";
import { LabError } from "../lab-error.ts";
import { parseAs } from "../parse-as.ts";
import type { Invocation, ToolUse } from "./invocation.ts";
import { argumentsOf } from "./json-text.ts";

const ToolCall = z.looseObject({ name: z.string(), args: z.unknown().optional(), id: z.string().nullish() });
const Content = z.looseObject({
  role: z.string().optional(),
  parts: z.array(z.looseObject({ text: z.string().nullish() })).nullish(),
});
const EventContent = z.looseObject({ parts: z.array(z.looseObject({ function_call: ToolCall.nullish() })).nullish() });
const Turn = z.looseObject({
  invocation_id: z.string().default(""),
  user_content: Content,
  final_response: Content.nullish(),
  intermediate_data: z
    .looseObject({
      tool_uses: z.array(ToolCall).nullish(),
      /** As newer versions of the kit write them. */
      invocation_events: z.array(z.looseObject({ content: EventContent.nullish() })).nullish(),
    })
    .nullish(),
});
const Case = z
  .looseObject({
    eval_id: z.string(),
    conversation: z.array(Turn).nullish(),
    conversation_scenario: z.unknown().optional(),
  })
  .refine(({ conversation }) => Array.isArray(conversation) && conversation.length > 0, {
    message: "a case needs a conversation with a turn: one that only describes a scenario has nothing to compare with",
  });
/** An eval set as it is written. */
export const EvalSetFile = z.looseObject({
  eval_set_id: z.string(),
  name: z.string().nullish(),
  eval_cases: z.array(Case).min(1),
});

export const EVAL_SET_LIMIT = 16 * 1024 * 1024;

const FORMAT_HINT =
  "its format is that of the Agent Development Kit's eval sets: eval_set_id, eval_cases, conversation";

/** Expected turns of an agent, from a file in the Agent Development Kit's format. */
export interface EvalSet {
  id: string;
  cases: readonly EvalCase[];
}

export interface EvalCase {
  id: string;
  turns: readonly ExpectedTurn[];
}

export interface ExpectedTurn {
  id: string;
  userText: string;
  toolUses: readonly Omit<ToolUse, "response">[];
  /** Undefined where the set expects none. */
  finalResponse: string | undefined;
}

/** @throws LabError that names the place in the file and what was expected there */
export function readEvalSet(text: string): EvalSet {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new LabError("bad-input", `the eval set is not JSON: ${error instanceof Error ? error.message : error}`);
  }
  return evalSetOf(parseAs(EvalSetFile, inSnakeCase(value), "the eval set", FORMAT_HINT));
}

/** The kit reads both forms of its names. Those in arguments and responses of tools are their own. */
function inSnakeCase(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inSnakeCase);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, content]) => [
      name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      name === "args" || name === "response" ? content : inSnakeCase(content),
    ]),
  );
}

export function evalSetOf({ eval_set_id: id, eval_cases }: z.output<typeof EvalSetFile>): EvalSet {
  return {
    id,
    cases: eval_cases.map(({ eval_id, conversation }) => ({
      id: eval_id,
      turns: (conversation ?? []).map((turn) => ({
        id: turn.invocation_id,
        userText: textOf(turn.user_content),
        finalResponse: turn.final_response ? textOf(turn.final_response) : undefined,
        toolUses: usesOf(turn.intermediate_data).map((use) => ({
          name: use.name,
          arguments: argumentsOf(use.args),
          id: use.id ?? undefined,
        })),
      })),
    })),
  };
}

function usesOf(data: z.output<typeof Turn>["intermediate_data"]): z.output<typeof ToolCall>[] {
  const calls = (data?.invocation_events ?? []).flatMap(({ content }) =>
    (content?.parts ?? []).flatMap((part) => part.function_call ?? []),
  );
  return data?.tool_uses ?? calls;
}

function textOf(content: z.infer<typeof Content>): string {
  return (content.parts ?? [])
    .map(({ text }) => text ?? "")
    .filter(Boolean)
    .join("\n");
}

/** The case that a trace is compared with, and what a person should know about that choice; or why there is none. */
export type ChosenCase = { is: "chosen"; case: EvalCase; warning?: string } | { is: "none"; reason: string };

/**
 * By the first text of the user, without regard to case and to space around it; of several that begin alike, the first in
 * which all texts are those of the trace. A sole case is always used.
 */
export function chooseCase({ id, cases }: EvalSet, invocations: readonly Invocation[]): ChosenCase {
  const asked = invocations[0]?.userText ?? "";
  const alike = cases.filter(({ turns }) => normal(turns[0]?.userText ?? "") === normal(asked));
  const [found = alike[0], ...others] = alike.filter(({ turns }) => isSameConversation(turns, invocations));
  if (found !== undefined) {
    const isDoubtful = others.length > 0 || (alike.length > 1 && !isSameConversation(found.turns, invocations));
    const warning = `${alike.length} cases of ${id} begin with the same text; it is compared with ${found.id}`;
    return { is: "chosen", case: found, ...(isDoubtful ? { warning } : {}) };
  }
  const [sole, ...more] = cases;
  if (sole !== undefined && more.length === 0) {
    const warning = `the only case of ${id}, ${sole.id}, begins with another text of the user than the trace`;
    return { is: "chosen", case: sole, warning };
  }
  return { is: "none", reason: `none of the ${cases.length} cases of ${id} begins with "${brief(asked)}"` };
}

function isSameConversation(turns: readonly ExpectedTurn[], invocations: readonly Invocation[]): boolean {
  if (turns.length !== invocations.length) return false;
  return turns.every(({ userText }, at) => normal(userText) === normal(invocations[at]?.userText ?? ""));
}

function normal(text: string): string {
  return text.trim().toLowerCase();
}

function brief(text: string): string {
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}
