/** The fault proxy: all links of a stack pass through it, and it injects faults on request. */
import { runService } from "../http/run-service.ts";
import { readSettings } from "./settings.ts";
import { serviceName, startFaultProxy } from "./start.ts";

await runService(serviceName, async () => startFaultProxy(readSettings(process.env)));
