/** `/mcp`: Streamable HTTP as a server, of the revisions in `versions.ts`. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { parseJson } from "../../http/json.ts";
import { headerOf } from "../../http/messages.ts";
import { HttpError } from "../../http/serve.ts";
import type { CallContext } from "../calls/call-context.ts";
import { parseEventId } from "../protocol/event-stream.ts";
import {
  errorCodes,
  errorText,
  type Message,
  type RequestId,
  type RequestMessage,
  readMessage,
} from "../protocol/messages.ts";
import { protocolVersions, supportedVersion } from "../protocol/versions.ts";
import { type Caller, CallerLeft, Exchange, sendJsonText } from "../sessions/exchange.ts";
import type { Session } from "../sessions/session.ts";
import type { Sessions } from "../sessions/sessions.ts";
import { isJson, readAccept } from "./accept.ts";
import { BatchMember, longestBatch } from "./batch.ts";
import type { Methods } from "./methods.ts";
import { readBodyText } from "./read-body.ts";

const callsUnderWayLimit = 1_000;
const turnIdLimit = 256;

/** Results in an HTTP status and a JSON-RPC error. */
class Refusal extends Error {
  readonly status: number;
  readonly code: number;
  readonly id: RequestId | null;

  constructor(status: number, message: string, code: number = errorCodes.invalidRequest, id: RequestId | null = null) {
    super(message);
    this.status = status;
    this.code = code;
    this.id = id;
  }
}

export class McpEndpoint {
  readonly #sessions: Sessions;
  readonly #methods: Methods;
  readonly #log: (line: string) => void;

  constructor(sessions: Sessions, methods: Methods, log: (line: string) => void) {
    this.#sessions = sessions;
    this.#methods = methods;
    this.#log = log;
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const arrivedAtMs = performance.now();
    try {
      if (request.method === "POST") await this.#post(request, response, arrivedAtMs);
      else if (request.method === "GET") this.#get(request, response);
      else if (request.method === "DELETE") this.#delete(request, response);
      else sendJsonText(response, 405, refusalText("Use POST, GET or DELETE."), { allow: "POST, GET, DELETE" });
    } catch (error) {
      if (error instanceof Refusal) {
        sendJsonText(response, error.status, errorText(error.id, error.code, error.message));
      } else if (error instanceof HttpError) {
        sendJsonText(response, error.status, refusalText(error.message), error.headers);
      } else {
        throw error;
      }
      request.resume();
    }
  }

  async #post(request: IncomingMessage, response: ServerResponse, arrivedAtMs: number): Promise<void> {
    const accept = readAccept(request.headers.accept);
    if (!accept.json) throw new Refusal(406, "Accept must include application/json and text/event-stream.");
    if (!isJson(request.headers["content-type"])) throw new Refusal(415, "Content-Type must be application/json.");
    const body = await readBodyText(request);
    const value = parseBody(body);
    if (Array.isArray(value)) return this.#postBatch(request, response, value, arrivedAtMs);
    const message = readMessage(value);
    if (message.kind === "invalid") {
      throw new Refusal(400, `Invalid request: ${message.problem}.`, errorCodes.invalidRequest, message.id);
    }
    if (message.kind === "request" && message.method === "initialize") return this.#initialize(message, response);
    const session = this.#sessionOf(request);
    if (message.kind !== "request") {
      takeNotification(message, session);
      sendJsonText(response, 202, undefined);
      return;
    }
    const exchange = new Exchange(response, session, message.id, accept.eventStream);
    const carried = { arrivedAtMs, requestBytes: Buffer.byteLength(body) };
    const text = await this.#answer(message, contextOf(request, session, exchange, carried));
    exchange.finish(text);
  }

  async #postBatch(
    request: IncomingMessage,
    response: ServerResponse,
    values: readonly unknown[],
    arrivedAtMs: number,
  ): Promise<void> {
    const session = this.#sessionOf(request);
    if (session.protocolVersion > "2025-03-26") {
      throw new Refusal(
        400,
        `Protocol ${session.protocolVersion} has no batches: send each message in a POST of its own.`,
      );
    }
    if (values.length === 0 || values.length > longestBatch) {
      throw new Refusal(400, `A batch has 1 to ${longestBatch} messages; this one has ${values.length}.`);
    }
    const exchange = new Exchange(response, session, null, false);
    const responses = values.map((value): Promise<string> | string | undefined => {
      const message = readMessage(value);
      if (message.kind === "invalid") {
        return errorText(message.id, errorCodes.invalidRequest, `Invalid request: ${message.problem}.`);
      }
      if (message.kind !== "request") {
        takeNotification(message, session);
        return undefined;
      }
      if (message.method === "initialize") {
        return errorText(message.id, errorCodes.invalidRequest, "initialize cannot be part of a batch.");
      }
      const member = new BatchMember(exchange);
      const carried = { arrivedAtMs, requestBytes: Buffer.byteLength(JSON.stringify(value)) };
      const work = this.#answer(message, contextOf(request, session, member, carried));
      return member.response(
        message,
        work.then((text) => text ?? ""),
      );
    });
    const texts = (await Promise.all(responses)).filter((text) => text !== undefined);
    exchange.finish(texts.length === 0 ? undefined : `[${texts.join(",")}]`);
  }

  /** The response; undefined if the caller left, in which case any possible response was already sent. */
  async #answer(message: RequestMessage, context: CallContext): Promise<string | undefined> {
    const { session, caller } = context;
    if (session.calls.size >= callsUnderWayLimit) {
      const problem = `The session has ${callsUnderWayLimit} calls in progress. Wait for some to end.`;
      return this.#methods.turnAway(message, context, problem);
    }
    session.calls.set(message.id, caller);
    try {
      return await this.#methods.answer(message, context);
    } catch (error) {
      if (error instanceof CallerLeft) return undefined;
      this.#log(`${message.method} failed: ${error instanceof Error ? error.stack : String(error)}`);
      return errorText(message.id, errorCodes.internal, "Internal error; the gateway's log has the cause.");
    } finally {
      if (session.calls.get(message.id) === caller) session.calls.delete(message.id);
    }
  }

  async #initialize(message: RequestMessage, response: ServerResponse): Promise<void> {
    const version = this.#methods.negotiate(message);
    if (!version) {
      const problem = "initialize needs protocolVersion, capabilities and clientInfo.";
      throw new Refusal(400, problem, errorCodes.invalidParams, message.id);
    }
    const text = await this.#methods.initialize(message, version);
    if (response.destroyed) return;
    const session = this.#sessions.create(version);
    if (!session) throw new Refusal(503, "Too many sessions are busy. Try again later.", errorCodes.busy, message.id);
    await session.ready;
    if (response.destroyed) this.#sessions.end(session, "its client left before it began");
    else sendJsonText(response, 200, text, { "mcp-session-id": session.id });
  }

  #get(request: IncomingMessage, response: ServerResponse): void {
    const session = this.#sessionOf(request);
    if (!readAccept(request.headers.accept).eventStream)
      throw new Refusal(406, "Accept must include text/event-stream.");
    const headers = { "mcp-session-id": session.id };
    const lastEventId = headerOf(request, "last-event-id");
    if (lastEventId === undefined) {
      session.listen(response, headers);
      return;
    }
    const event = parseEventId(lastEventId);
    if (!event || !session.resume(event, response, headers)) {
      throw new Refusal(400, "Last-Event-ID does not name a stored event of this session.");
    }
  }

  #delete(request: IncomingMessage, response: ServerResponse): void {
    this.#sessions.end(this.#sessionOf(request), "session ended by its client");
    response.writeHead(204).end();
  }

  /** The header's version counts from the first request after initialize on: before, none has been agreed. */
  #sessionOf(request: IncomingMessage): Session {
    checkVersion(request);
    const id = headerOf(request, "mcp-session-id");
    if (!id) throw new Refusal(400, "Mcp-Session-Id is missing. Send initialize first.");
    const session = this.#sessions.use(id);
    if (!session) throw new Refusal(404, "Session not found: it has ended or never existed. Send initialize again.");
    return session;
  }
}

function contextOf(
  request: IncomingMessage,
  session: Session,
  caller: Caller,
  carried: Pick<CallContext, "arrivedAtMs" | "requestBytes">,
): CallContext {
  const turnId = headerOf(request, "x-mcp-turn-id");
  if (turnId !== undefined && turnId.length > turnIdLimit) {
    throw new Refusal(400, `X-Mcp-Turn-Id is longer than ${turnIdLimit} characters.`);
  }
  const [traceparent, baggage] = [headerOf(request, "traceparent"), headerOf(request, "baggage")];
  return { session, turnId: turnId || undefined, traceparent, baggage, caller, ...carried };
}

/** Responses are ignored: the gateway sends no requests to clients. */
function takeNotification(message: Message, session: Session): void {
  if (message.kind !== "notification" || message.method !== "notifications/cancelled") return;
  const { requestId } = message.params;
  if (typeof requestId === "string" || typeof requestId === "number") {
    session.calls.get(requestId)?.leave("caller cancelled");
  }
}

function checkVersion(request: IncomingMessage): void {
  const version = headerOf(request, "mcp-protocol-version");
  if (version === undefined || supportedVersion(version)) return;
  throw new Refusal(400, `MCP-Protocol-Version is not supported. Supported: ${protocolVersions.join(", ")}.`);
}

function parseBody(body: string): unknown {
  const value = parseJson(body);
  if (value === undefined) throw new Refusal(400, "Parse error: the body is not JSON.", errorCodes.parse);
  return value;
}

function refusalText(message: string): string {
  return errorText(null, errorCodes.invalidRequest, message);
}
