import { runService } from "../http/run-service.ts";
import { traced } from "../telemetry/tracing.ts";
import { startPayments } from "./server.ts";

await runService(
  "payments-mcp",
  traced("payments-mcp", () => startPayments(process.env)),
);
