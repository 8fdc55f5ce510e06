import { runService } from "../http/run-service.ts";
import { startPayments } from "./server.ts";

await runService("payments-mcp", () => startPayments(process.env));
