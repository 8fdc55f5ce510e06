import type { Templates } from "./templates.ts";

export const draftReplyTool = {
  name: "draft_reply",
  title: "Draft a reply",
  description: "Drafts a reply to a customer from the support team's templates. Sends nothing.",
  inputSchema: {
    type: "object",
    properties: { topic: { type: "string", description: "for example delay, refund or thanks" } },
    required: ["topic"],
  },
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
} as const;

/** The result of a call. */
export function draftReply({ topic }: Record<string, unknown>, templates: Templates): unknown {
  const draft = typeof topic === "string" && Object.hasOwn(templates, topic) ? templates[topic] : undefined;
  if (draft !== undefined) return { content: [{ type: "text", text: draft }] };
  const text = `no template for ${JSON.stringify(topic)}; there are ${Object.keys(templates).join(", ")}`;
  return { content: [{ type: "text", text }], isError: true };
}
