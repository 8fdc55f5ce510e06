import pg from "pg";
import { z } from "zod";
import type { WaitingApproval, WaitingApprovals } from "../../../contract/approvals.ts";
import { isApprovalRequest } from "../../../model/catalogue/catalogue.ts";
import type { LabEvent } from "../../../model/lab-event.ts";
import { LabError, messageOf } from "../../lab-error.ts";
import { parseAs } from "../../parse-as.ts";
import { type ClickAction, messageIn, unsuccessful } from "../../scenarios/click-answer.ts";
import type { RunningStack } from "../../stacks/running-stack.ts";
import { tokenHeaders } from "../../stacks/service-token.ts";
import { WakeUp } from "../../wake-up.ts";

/** The database notifies of each change; where its tables do not, or it is away, it is polled this often. */
const POLL_INTERVAL_MS = 1_000;
const ANSWER_LIMIT_MS = 2_000;
const CLICK_LIMIT_MS = 10_000;
/** Calls of the latest runs, to say in which run an approval was asked for. */
const CALLS_KEPT = 2_000;
const TICKETS = 200;

const ticketRow = z.object({
  id: z.string(),
  call_id: z.string(),
  tool_name: z.string(),
  arguments: z.unknown(),
  session_id: z.string(),
  turn_id: z.string(),
  requested_at: z.date(),
  expires_at: z.date().nullable(),
  slack_ts: z.string().nullable(),
});
type Ticket = z.infer<typeof ticketRow>;

/** The gateway's tickets that wait for a person, and the button that decides one. */
export class ApprovalService {
  readonly #onChange: () => void;
  readonly #runOfCall = new Map<string, string>();
  #stack: RunningStack | undefined;
  #stop = new AbortController();
  #looking: Promise<void> = Promise.resolve();
  #tickets: Ticket[] = [];
  #unknownBecause: string | null = null;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  /** Looks at the tickets of this stack until {@link close}. */
  open(stack: RunningStack): void {
    const roles = stack.stack.services.map(({ role }) => role);
    if (!roles.includes("audit-log") || !roles.includes("gateway")) {
      this.#unknownBecause = "the stack has no gateway with a database of tickets";
      return;
    }
    this.#stack = stack;
    this.#stop = new AbortController();
    this.#looking = this.#lookOn(stack, this.#stop.signal);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#looking;
    this.#stack = undefined;
    this.#become([], null);
  }

  /** Which run a waiting call belongs to is known from the run's own log. A manual session records the calls of runs too. */
  take(event: LabEvent, isOfManualSession: boolean): void {
    if (!isApprovalRequest(event)) return;
    if (isOfManualSession && this.#runOfCall.has(event.callId)) return;
    this.#runOfCall.set(event.callId, event.runId);
    const [oldest] = this.#runOfCall.keys();
    if (this.#runOfCall.size > CALLS_KEPT && oldest !== undefined) this.#runOfCall.delete(oldest);
    this.#onChange();
  }

  waiting(): WaitingApprovals {
    return { waiting: this.#tickets.map((ticket) => this.#toWaiting(ticket)), unknownBecause: this.#unknownBecause };
  }

  /**
   * Clicks the message's button, in this person's name. Resolves with the gateway's answer.
   * @throws LabError when it cannot be clicked, the gateway refuses it, or the ticket has ended otherwise
   */
  async decide(ticket: string, action: ClickAction, user: string): Promise<{ status: number; message: string }> {
    const stack = this.#stack;
    if (stack === undefined) throw new LabError("precondition", "no stack is up, so nothing waits for a decision");
    const known = this.#tickets.find(({ id }) => id === ticket);
    const blocked = known === undefined ? null : this.#toWaiting(known).blockedBecause;
    if (blocked !== null) throw new LabError("precondition", `this cannot be decided: ${blocked}`, { hint: UNBLOCK });
    const url = stack.endpoint("approval-channel", "deciding an approval");
    const token = tokenHeaders(stack.stack.services.find(({ role }) => role === "approval-channel"));
    const reply = await post(url, token, { action, ticket, user });
    if (!reply.ok) {
      throw new LabError(reply.status === 504 ? "unreachable" : "precondition", messageIn(reply.text), {
        hint: "it may have been decided or have expired meanwhile",
      });
    }
    const problem = unsuccessful(action, reply.text);
    if (problem !== undefined) throw new LabError("precondition", problem);
    return { status: reply.status, message: messageIn(reply.text) };
  }

  async #lookOn(stack: RunningStack, signal: AbortSignal): Promise<void> {
    let client: pg.Client | undefined;
    const wakeUp = new WakeUp();
    while (!signal.aborted) {
      try {
        client ??= await connect(stack.endpoint("audit-log", "reading tickets"), () => wakeUp.wake());
        this.#become(await read(client), null);
      } catch (error) {
        client?.end().catch(() => {});
        client = undefined;
        this.#become(this.#tickets, `the gateway's tickets cannot be read: ${messageOf(error)}`);
      }
      await wakeUp.wait(POLL_INTERVAL_MS, signal);
    }
    await client?.end().catch(() => {});
  }

  #become(tickets: Ticket[], unknownBecause: string | null): void {
    const before = JSON.stringify([this.#tickets, this.#unknownBecause]);
    this.#tickets = tickets;
    this.#unknownBecause = unknownBecause;
    if (JSON.stringify([tickets, unknownBecause]) !== before) this.#onChange();
  }

  #toWaiting(ticket: Ticket): WaitingApproval {
    return {
      ticket: ticket.id,
      callId: ticket.call_id,
      tool: ticket.tool_name,
      arguments: ticket.arguments,
      sessionId: ticket.session_id,
      turnId: ticket.turn_id,
      runId: this.#runOfCall.get(ticket.call_id) ?? null,
      requestedWallMs: ticket.requested_at.getTime(),
      expiresWallMs: ticket.expires_at?.getTime() ?? null,
      blockedBecause: this.#blockedBecause(ticket),
    };
  }

  #blockedBecause({ slack_ts }: Ticket): string | null {
    const channel = this.#stack?.stack.services.find(({ role }) => role === "approval-channel");
    if (this.#stack === undefined || channel === undefined) return "the stack has no approval channel";
    const { status, reason } = this.#stack.health.health(channel.name);
    if (status === "down") return `${channel.name} is down (${reason})`;
    return slack_ts === null ? `the message has not reached ${channel.name}` : null;
  }
}

const UNBLOCK = "restore the approval channel, or let the call expire";

/** @param changed told when a ticket has changed, and when the connection has ended */
async function connect(connectionString: string, changed: () => void): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString,
    connectionTimeoutMillis: ANSWER_LIMIT_MS,
    query_timeout: ANSWER_LIMIT_MS,
  });
  client.on("notification", changed);
  client.on("end", changed);
  // A connection that is lost between two looks is noticed by the next one.
  client.on("error", () => {});
  try {
    await client.connect();
    await client.query("LISTEN approvals");
    return client;
  } catch (error) {
    client.end().catch(() => {});
    throw error;
  }
}

async function read(client: pg.Client): Promise<Ticket[]> {
  const { rows } = await client.query(
    `SELECT id::text, call_id::text, tool_name, arguments, session_id, turn_id, requested_at, expires_at, slack_ts
     FROM approvals WHERE status = 'pending' ORDER BY requested_at LIMIT ${TICKETS}`,
  );
  return parseAs(z.array(ticketRow), rows, "the gateway's table of approvals");
}

async function post(
  url: string,
  token: Record<string, string>,
  body: unknown,
): Promise<{ ok: boolean; status: number; text: string }> {
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json", ...token },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(CLICK_LIMIT_MS),
    });
    return { ok: response.ok, status: response.status, text: await response.text() };
  } catch (error) {
    throw new LabError("unreachable", `the approval channel at ${url}: ${messageOf(error)}`, { hint: UNBLOCK });
  }
}
