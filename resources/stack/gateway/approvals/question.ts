/** A ticket's message in Slack: posted once, and updated with the outcome. */
import type { TraceContext } from "../../telemetry/span.ts";
import type { SlackChannel } from "./slack-channel.ts";
import { outcomeMessage, questionMessage } from "./slack-message.ts";
import type { Settlement, Ticket } from "./ticket.ts";
import type { TicketStore } from "./tickets.ts";

export interface QuestionParts {
  slack: SlackChannel;
  tickets: TicketStore;
  log: (line: string) => void;
}

export class Question {
  readonly #parts: QuestionParts;
  readonly #ticket: Ticket;
  readonly #trace: TraceContext | undefined;
  readonly #ended = new AbortController();
  readonly #posted: ReturnType<SlackChannel["post"]>;

  /** Posts the question immediately. */
  constructor(ticket: Ticket, parts: QuestionParts, trace?: TraceContext) {
    this.#parts = parts;
    this.#ticket = ticket;
    this.#trace = trace;
    this.#posted = this.#ask();
  }

  /** Stops attempts to post the question. */
  end(): void {
    this.#ended.abort();
  }

  /** Replaces the buttons with the outcome, if the question was posted. */
  async showOutcome(settlement: Settlement, at: Date): Promise<void> {
    const ref = await this.#posted;
    if (ref) await this.#parts.slack.update(ref, outcomeMessage(this.#ticket, settlement, at), this.#trace);
  }

  async #ask(): ReturnType<SlackChannel["post"]> {
    const { slack, tickets, log } = this.#parts;
    const { id } = this.#ticket;
    const ref = await slack.post(questionMessage(this.#ticket), id, this.#ended.signal, this.#trace);
    if (!ref) return undefined;
    try {
      await tickets.noteMessage(id, ref.timestamp);
    } catch (error) {
      log(`approvals: the message of ticket ${id} cannot be stored: ${(error as Error).message}`);
    }
    return ref;
  }
}
