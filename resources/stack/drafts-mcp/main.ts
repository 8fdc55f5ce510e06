import { serveLines } from "./serve-lines.ts";
import { draftReply, draftReplyTool } from "./tools.ts";

await serveLines({
  name: "drafts-mcp",
  tools: [draftReplyTool],
  templatesUrl: process.env.TEMPLATES_URL ?? "",
  call: draftReply,
});
