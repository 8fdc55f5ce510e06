/** The fault proxy: all links of a stack pass through it, and it injects faults on request. */
import { runService } from "../http/run-service.ts";
import { traced } from "../telemetry/tracing.ts";
import { readSettings } from "./settings.ts";
import { serviceName, startFaultProxy } from "./start.ts";

await runService(
  serviceName,
  traced(serviceName, async () => startFaultProxy(readSettings(process.env))),
);
