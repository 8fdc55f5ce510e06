import type { Variables } from "../http/environment.ts";
import type { RunningService } from "../http/serve.ts";
import { serveTools } from "../mcp-server/serve-tools.ts";
import { answerEmbeddings } from "./embeddings.ts";
import { answerTemplates } from "./templates.ts";
import { TicketStore } from "./ticket-store.ts";
import { createToolServer, toolNames } from "./tools.ts";

export function startSupport(variables: Variables): Promise<RunningService> {
  const tickets = new TicketStore();
  const service = {
    name: "support-mcp",
    port: 8431,
    toolNames,
    createServer: () => createToolServer(tickets),
    sendsProgress: true,
    counts: () => tickets.counts(),
    reset: () => tickets.reset(),
    routes: { "POST /v1/embeddings": answerEmbeddings, "GET /templates": answerTemplates },
  };
  return serveTools(service, variables);
}
