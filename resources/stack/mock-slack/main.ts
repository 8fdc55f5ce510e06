import { runService } from "../http/run-service.ts";
import { startMockSlack } from "./server.ts";

await runService("mock-slack", () => startMockSlack(process.env));
