import { EnvironmentError } from "../http/environment.ts";
import { runService } from "../http/run-service.ts";
import type { RunningService } from "../http/serve.ts";
import { traced } from "../telemetry/tracing.ts";
import { CannotStart, type RunningGateway, startGateway } from "./gateway.ts";
import { readSettings } from "./settings.ts";

await runService("gateway", traced("gateway", start));

async function start(): Promise<RunningService> {
  try {
    const gateway = await startGateway(readSettings(process.env), log);
    if (process.env.BACKENDS_FILE) process.on("SIGHUP", () => update(gateway));
    return gateway;
  } catch (error) {
    if (!(error instanceof CannotStart)) throw error;
    console.error(`gateway cannot start: ${error.message}`);
    process.exit(2);
  }
}

function update(gateway: RunningGateway): void {
  try {
    gateway.update(readSettings(process.env));
  } catch (error) {
    if (!(error instanceof EnvironmentError)) throw error;
    for (const problem of error.message.split("\n")) log(`backends stay as they are: ${problem}`);
  }
}

function log(line: string): void {
  console.log(`gateway: ${line}`);
}
