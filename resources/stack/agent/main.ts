import { runService } from "../http/run-service.ts";
import { traced } from "../telemetry/tracing.ts";
import { runScriptedCli, scriptedCliArgument } from "./headless/scripted-cli.ts";
import { startAgent } from "./server.ts";

if (process.argv[2] === scriptedCliArgument) await runScriptedCli();
else
  await runService(
    "agent",
    traced("agent", () => startAgent(process.env)),
  );
