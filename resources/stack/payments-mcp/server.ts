import type { Variables } from "../http/environment.ts";
import type { RunningService } from "../http/serve.ts";
import { serveTools } from "../mcp-server/serve-tools.ts";
import { Ledger } from "./ledger.ts";
import { createToolServer, toolNames } from "./tools.ts";

export function startPayments(variables: Variables): Promise<RunningService> {
  const ledger = new Ledger();
  const service = {
    name: "payments-mcp",
    port: 8421,
    toolNames,
    createServer: () => createToolServer(ledger),
    counts: () => ledger.counts(),
    reset: () => ledger.reset(),
  };
  return serveTools(service, variables);
}
