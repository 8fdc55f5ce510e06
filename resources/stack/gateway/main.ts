import { runService } from "../http/run-service.ts";
import { CannotStart, startGateway } from "./gateway.ts";
import { readSettings } from "./settings.ts";

await runService("gateway", async () => {
  try {
    return await startGateway(readSettings(process.env), (line) => console.log(`gateway: ${line}`));
  } catch (error) {
    if (!(error instanceof CannotStart)) throw error;
    console.error(`gateway cannot start: ${error.message}`);
    process.exit(2);
  }
});
