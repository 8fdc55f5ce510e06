import { runService } from "../http/run-service.ts";
import { traced } from "../telemetry/tracing.ts";
import { startMockSlack } from "./server.ts";

await runService(
  "mock-slack",
  traced("mock-slack", () => startMockSlack(process.env)),
);
