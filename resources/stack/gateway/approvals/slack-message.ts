/** The Block Kit messages of an approval: the question with two buttons, and the same with the outcome instead. */
import type { Settlement, Ticket } from "./ticket.ts";

// Slack refuses a section field above 2,000 characters.
const argumentsLimit = 1_700;
const nameLimit = 200;

export interface SlackMessage {
  text: string;
  blocks: readonly unknown[];
}

type Asked = Pick<Ticket, "id" | "tool" | "sessionId" | "arguments" | "digest">;

export function questionMessage(ticket: Asked): SlackMessage {
  const buttons = [button(ticket, "approve", "Approve", "primary"), button(ticket, "deny", "Deny", "danger")];
  return {
    text: `Approval needed: ${escapeText(cut(ticket.tool, nameLimit))}`,
    blocks: [...facts("Approval needed", ticket), { type: "actions", block_id: ticket.id, elements: buttons }],
  };
}

export function outcomeMessage(ticket: Asked, { status, by, reason }: Settlement, at: Date): SlackMessage {
  const what = status === "expired" ? `Expired: ${reason}` : `${status === "approved" ? "Approved" : "Denied"}`;
  const who = by === undefined ? "" : ` by ${by}`;
  const seconds = Math.floor(at.getTime() / 1_000);
  const when = `<!date^${seconds}^{date_short_pretty} {time_secs}|${at.toISOString()}>`;
  return {
    text: `${escapeText(cut(ticket.tool, nameLimit))}: ${escapeText(what + who)}`,
    blocks: [
      ...facts("Approval", ticket),
      { type: "section", text: { type: "mrkdwn", text: `*${escapeText(what + who)}* ${when}` } },
    ],
  };
}

function facts(title: string, ticket: Asked): unknown[] {
  const json = JSON.stringify(ticket.arguments ?? {});
  const shown = escapeText(json.replaceAll("```", "'''"));
  const whole = shown.length <= argumentsLimit;
  const note = whole ? "" : `\n_cut; SHA-256 ${ticket.digest}_`;
  return [
    { type: "header", text: { type: "plain_text", text: title } },
    {
      type: "section",
      fields: [
        field("Tool", `\`${escapeText(cut(ticket.tool, nameLimit))}\``),
        field("Session", `\`${ticket.sessionId}\``),
        field("Arguments", `\`\`\`${cut(shown, argumentsLimit)}\`\`\`${note}`),
      ],
    },
  ];
}

function field(name: string, value: string): unknown {
  return { type: "mrkdwn", text: `*${name}*\n${value}` };
}

function button(ticket: Asked, action: "approve" | "deny", label: string, style: "primary" | "danger"): unknown {
  return { type: "button", action_id: action, value: ticket.id, style, text: { type: "plain_text", text: label } };
}

function cut(text: string, limit: number): string {
  return text.length <= limit ? text : `${text.slice(0, limit)}…`.toWellFormed();
}

/** Slack's own escaping: an agent's arguments must not become a mention or a link. */
function escapeText(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
