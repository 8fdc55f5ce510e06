/** `GET /templates`: what drafts-mcp drafts replies from, by topic. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { sendJson } from "../http/serve.ts";

const templates = {
  delay: "Thank you for your patience. We are still working on it, and will write again tomorrow.",
  refund: "We have refunded the charge. It takes three to five days until you see the amount.",
  thanks: "Thank you for your message. We have passed it on to the team.",
};

export async function answerTemplates(_request: IncomingMessage, response: ServerResponse): Promise<void> {
  sendJson(response, 200, templates);
}
