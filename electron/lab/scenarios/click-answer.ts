import { z } from "zod";
import { parseJson } from "../../model/json.ts";

export type ClickAction = "approve" | "deny";

/** What the approval channel has of the gateway for a click. */
const clickAnswer = z.object({ status: z.int(), body: z.string().default("") });
/** How the ticket has ended, and the same in words. */
const gatewayAnswer = z.object({ status: z.string(), text: z.string() });

const OUTCOME: Record<ClickAction, string> = { approve: "approved", deny: "denied" };

/** Why a click that arrived has not done what it was for, such as one on a ticket that has expired; undefined when it has. */
export function unsuccessful(action: ClickAction, reply: string): string | undefined {
  const answer = clickAnswer.safeParse(parseJson(reply)).data;
  if (answer === undefined) return `the approval channel's answer cannot be read: ${reply.slice(0, 300)}`;
  if (answer.status >= 400) return `the gateway answered ${answer.status}: ${messageIn(answer.body)}`;
  // Another gateway than the reference one may answer anything: what came of it is for the decisions to tell.
  const told = gatewayAnswer.safeParse(parseJson(answer.body)).data;
  return told === undefined || told.status === OUTCOME[action] ? undefined : told.text;
}

/** Services answer with `{error}`, `{text}` or `{status, body}` around one; anything else is shown as it came, cut. */
export function messageIn(reply: string): string {
  const { error, text, body } = Object(parseJson(reply)) as { error?: unknown; text?: unknown; body?: unknown };
  if (typeof error === "string") return error;
  if (typeof text === "string") return text;
  return typeof body === "string" ? messageIn(body) : reply.slice(0, 300);
}
