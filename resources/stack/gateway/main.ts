import { runService } from "../http/run-service.ts";
import type { RunningService } from "../http/serve.ts";
import { traced } from "../telemetry/tracing.ts";
import { CannotStart, startGateway } from "./gateway.ts";
import { readSettings } from "./settings.ts";

await runService("gateway", traced("gateway", start));

async function start(): Promise<RunningService> {
  try {
    return await startGateway(readSettings(process.env), (line) => console.log(`gateway: ${line}`));
  } catch (error) {
    if (!(error instanceof CannotStart)) throw error;
    console.error(`gateway cannot start: ${error.message}`);
    process.exit(2);
  }
}
