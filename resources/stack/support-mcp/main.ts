import { runService } from "../http/run-service.ts";
import { traced } from "../telemetry/tracing.ts";
import { startSupport } from "./server.ts";

await runService(
  "support-mcp",
  traced("support-mcp", () => startSupport(process.env)),
);
