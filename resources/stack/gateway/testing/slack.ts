/** Slack as the gateway sees it: takes messages, and clicks as a person would, properly signed unless told otherwise. */
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";

export interface SlackRequest {
  method: string;
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
  requests: SlackRequest[];
  intercept: ((method: string, response: ServerResponse) => boolean) | undefined;
  stop: () => Promise<void>;
}

export async function startSlack(): Promise<TestSlack> {
  const requests: SlackRequest[] = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const method = request.url?.split("/").pop() ?? "";
    if (slack.intercept?.(method, response)) return;
    const authorized = request.headers.authorization === "Bearer xoxb-test";
    if (authorized) requests.push({ method, body: JSON.parse(body) });
    const answer = authorized
      ? { ok: true, channel: "C1", ts: `17.${requests.length}` }
      : { ok: false, error: "invalid_auth" };
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  const slack: TestSlack = {
    url: `http://127.0.0.1:${port}/api`,
    secret: "test-signing-secret",
    requests,
    intercept: undefined,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  return slack;
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
