/** A fake Slack: accepts messages, and sends clicks like a person's, correctly signed unless overridden. */
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import { headerOf } from "../../http/messages.ts";

export interface SlackRequest {
  method: string;
  traceparent: string | undefined;
  body: { channel: string; ts?: string; text: string; blocks: { type: string; elements?: { value: string }[] }[] };
}

export interface Click {
  ticket: string;
  action?: "approve" | "deny";
  user?: string;
  secret?: string;
  /** Seconds from now. */
  skew?: number;
}

export interface SignedClick {
  body: string;
  headers: Record<string, string>;
}

export interface TestSlack {
  url: string;
  secret: string;
  /** Messages posted and updated. */
  requests: SlackRequest[];
  /** Overrides the response; return false for the default one. */
  intercept: ((method: string, response: ServerResponse) => boolean) | undefined;
  /** For this many of the next messages the message is stored, and the connection is cut instead of a response. */
  loseAnswers: number;
  stop: () => Promise<void>;
}

/** Listens on a free port unless one is given. */
export async function startSlack(onPort = 0): Promise<TestSlack> {
  const requests: SlackRequest[] = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const method = request.url?.split("/").pop() ?? "";
    if (slack.intercept?.(method, response)) return;
    if (method === "conversations.list") {
      sendAnswer(response, { ok: true, channels: [{ id: "C1", name: "approvals" }] });
      return;
    }
    if (method === "conversations.history") {
      const messages = requests.flatMap(({ body: { blocks } }, index) => ({ ts: `17.${index + 1}`, blocks }));
      sendAnswer(response, { ok: true, messages: messages.reverse() });
      return;
    }
    const authorized = request.headers.authorization === "Bearer xoxb-test";
    if (authorized) requests.push({ method, traceparent: headerOf(request, "traceparent"), body: JSON.parse(body) });
    const answer = authorized
      ? { ok: true, channel: "C1", ts: `17.${requests.length}` }
      : { ok: false, error: "invalid_auth" };
    if (authorized && slack.loseAnswers > 0) {
      slack.loseAnswers -= 1;
      response.destroy();
      return;
    }
    sendAnswer(response, answer);
  });
  server.listen(onPort, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  const slack: TestSlack = {
    url: `http://127.0.0.1:${port}/api`,
    secret: "test-signing-secret",
    requests,
    intercept: undefined,
    loseAnswers: 0,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  return slack;
}

function sendAnswer(response: ServerResponse, answer: object): void {
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
}

export function ticketOf(request: SlackRequest | undefined): string {
  return request?.body.blocks.find((block) => block.type === "actions")?.elements?.[0]?.value ?? "";
}

export function signClick({
  ticket,
  action = "approve",
  user = "ann",
  secret = "test-signing-secret",
  skew = 0,
}: Click) {
  const payload = {
    type: "block_actions",
    user: { id: "U1", username: user },
    trigger_id: `${Math.random()}`,
    actions: [{ action_id: action, value: ticket, type: "button" }],
  };
  return signBody(new URLSearchParams({ payload: JSON.stringify(payload) }).toString(), secret, skew);
}

export function signBody(body: string, secret: string, skew = 0): SignedClick {
  const timestamp = `${Math.floor(Date.now() / 1_000) + skew}`;
  const signature = `v0=${createHmac("sha256", secret).update(`v0:${timestamp}:${body}`).digest("hex")}`;
  return {
    body,
    headers: {
      "content-type": "application/x-www-form-urlencoded",
      "x-slack-request-timestamp": timestamp,
      "x-slack-signature": signature,
    },
  };
}
