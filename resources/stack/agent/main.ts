import { runService } from "../http/run-service.ts";
import { startAgent } from "./server.ts";

await runService("agent", () => startAgent(process.env));
