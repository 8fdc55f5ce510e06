/**
 * Slack's interactivity request: a button was clicked. Each signed body takes effect once; a repeat gets the same response
 * and has no effect.
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import { isObject, parseJson } from "../../http/json.ts";
import { headerOf } from "../../http/messages.ts";
import { pathOf, readBody, sendJson } from "../../http/serve.ts";
import { contextOf, startHttpSpan } from "../../telemetry/http-span.ts";
import type { Approvals, ClickResult } from "./approvals.ts";
import { checkSlackSignature, type SignatureCheck } from "./slack-signature.ts";

export interface ActionAnswer {
  status: number;
  body: { ok: boolean; text: string; status?: string; error?: string };
}

interface Click {
  ticket: string;
  decision: "approved" | "denied";
  by: string;
}

const rememberedClicks = 1_000;
const nameLimit = 100;

const refusals: Readonly<Record<Exclude<SignatureCheck, "valid">, string>> = {
  missing: "The request is not signed: X-Slack-Request-Timestamp and X-Slack-Signature are needed.",
  stale: "The request's timestamp is more than 5 minutes away from this server's clock.",
  wrong: "The signature does not match. Check that SLACK_SIGNING_SECRET is the app's.",
};

export class SlackActions {
  readonly #approvals: Approvals;
  readonly #secret: string | undefined;
  readonly #log: (line: string) => void;
  /** Responses by signature. Bounded; requests older than the signature's window are refused before the lookup. */
  readonly #answers = new Map<string, Promise<ActionAnswer>>();

  constructor(approvals: Approvals, secret: string | undefined, log: (line: string) => void) {
    this.#approvals = approvals;
    this.#secret = secret;
    this.#log = log;
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const contexts = [contextOf(request)];
    const span = startHttpSpan("server", { method: request.method, path: pathOf(request), contexts });
    const rawBody = await readBody(request);
    const { status, body } = await this.answer(rawBody, {
      timestamp: headerOf(request, "x-slack-request-timestamp"),
      signature: headerOf(request, "x-slack-signature"),
    });
    span?.end({ "http.response.status_code": status, "error.type": status < 500 ? undefined : String(status) });
    sendJson(response, status, body);
  }

  async answer(
    rawBody: Buffer,
    signed: { timestamp: string | undefined; signature: string | undefined },
  ): Promise<ActionAnswer> {
    if (!this.#secret)
      return refuse(503, "not_configured", "SLACK_SIGNING_SECRET is not set: no click can be verified.");
    const check = checkSlackSignature({ ...signed, rawBody }, this.#secret, Date.now());
    if (check !== "valid") {
      this.#log(`slack: a click was refused: signature ${check}`);
      return refuse(401, `signature_${check}`, refusals[check]);
    }
    const key = signed.signature ?? "";
    const earlier = this.#answers.get(key);
    if (earlier) return earlier;
    const answering = this.#decide(rawBody);
    this.#answers.set(key, answering);
    if (this.#answers.size > rememberedClicks) this.#answers.delete(this.#answers.keys().next().value ?? "");
    const answer = await answering;
    // Nothing was changed, so the same click may be repeated.
    if (answer.status >= 500) this.#answers.delete(key);
    return answer;
  }

  async #decide(rawBody: Buffer): Promise<ActionAnswer> {
    const click = readClick(rawBody.toString("utf8"));
    if (!click) return refuse(400, "invalid_payload", "The payload is not a block_actions click on approve or deny.");
    try {
      return describe(await this.#approvals.decide(click.ticket, click.decision, click.by));
    } catch (error) {
      this.#log(`approvals: a click on ${click.ticket} cannot be recorded: ${(error as Error).message}`);
      return refuse(503, "not_recorded", "The decision could not be recorded, so nothing was changed. Try again.");
    }
  }
}

function describe(result: ClickResult): ActionAnswer {
  if (result.kind === "unknown") return refuse(404, "unknown_ticket", "There is no such approval.");
  if (result.kind === "already") {
    const who = result.by === undefined ? "" : ` by ${result.by}`;
    const text = `${result.tool} was already ${result.status}${who}. This click changed nothing.`;
    return { status: 200, body: { ok: true, status: result.status, text } };
  }
  if (result.kind === "kept") {
    const text = `${result.tool} was approved by ${result.by}. Its caller is disconnected: it is executed if the caller returns in time, else it expires.`;
    return { status: 200, body: { ok: true, status: "approved", text } };
  }
  const { status, by, reason } = result.settlement;
  const how = status === "expired" ? `has expired: ${reason}. It is not executed.` : `was ${status} by ${by}.`;
  return { status: 200, body: { ok: true, status, text: `${result.tool} ${how}` } };
}

function refuse(status: number, error: string, text: string): ActionAnswer {
  return { status, body: { ok: false, error, text } };
}

const ticketPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

function readClick(form: string): Click | undefined {
  const payload = parseJson(new URLSearchParams(form).get("payload") ?? "");
  if (!isObject(payload) || payload.type !== "block_actions" || !Array.isArray(payload.actions)) return undefined;
  const action: unknown = payload.actions[0];
  if (!isObject(action) || typeof action.value !== "string" || !ticketPattern.test(action.value)) return undefined;
  if (action.action_id !== "approve" && action.action_id !== "deny") return undefined;
  const user = isObject(payload.user) ? payload.user : {};
  const by = [user.username, user.name, user.id].find((name) => typeof name === "string" && name !== "");
  return {
    ticket: action.value,
    decision: action.action_id === "approve" ? "approved" : "denied",
    by: String(by ?? "unknown user")
      .replaceAll("\0", "")
      .slice(0, nameLimit),
  };
}
