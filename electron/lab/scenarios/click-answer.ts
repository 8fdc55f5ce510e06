import { z } from "zod";
import { parseJson } from "../../model/json.ts";

export type ClickAction = "approve" | "deny";

/** The gateway's reply to a click, as the approval channel passes it on. */
const clickAnswer = z.object({ status: z.int(), body: z.string().default("") });
/** Status of the ticket after the click, and a text for people. */
const gatewayAnswer = z.object({ status: z.string(), text: z.string() });

const OUTCOME: Record<ClickAction, string> = { approve: "approved", deny: "denied" };

/** Why a delivered click had no effect, for instance on an expired ticket; undefined when it had. */
export function unsuccessful(action: ClickAction, reply: string): string | undefined {
  const answer = clickAnswer.safeParse(parseJson(reply)).data;
  if (answer === undefined) return `the approval channel's answer cannot be read: ${reply.slice(0, 300)}`;
  if (answer.status >= 400) return `the gateway answered ${answer.status}: ${messageIn(answer.body)}`;
  // Gateways other than the reference one may answer anything: their decisions show the result.
  const ticket = gatewayAnswer.safeParse(parseJson(answer.body)).data;
  return ticket === undefined || ticket.status === OUTCOME[action] ? undefined : ticket.text;
}

/** The message in `{error}`, `{text}` or `{status, body}` around one; any other reply as it is, truncated. */
export function messageIn(reply: string): string {
  const { error, text, body } = Object(parseJson(reply)) as { error?: unknown; text?: unknown; body?: unknown };
  if (typeof error === "string") return error;
  if (typeof text === "string") return text;
  return typeof body === "string" ? messageIn(body) : reply.slice(0, 300);
}
