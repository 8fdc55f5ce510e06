/** The fault proxy: every link of a stack goes through it, and it breaks them on request. */
import { runService } from "../http/run-service.ts";
import { readSettings } from "./settings.ts";
import { serviceName, startFaultProxy } from "./start.ts";

await runService(serviceName, async () => startFaultProxy(readSettings(process.env)));
