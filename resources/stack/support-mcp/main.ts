import { runService } from "../http/run-service.ts";
import { startSupport } from "./server.ts";

await runService("support-mcp", () => startSupport(process.env));
