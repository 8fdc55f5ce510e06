import { EngineService } from "../lab/service/engine-service.ts";
import type { Shell } from "./shell.ts";

/** Starts the engine. @throws LabError, such as `busy` while another lab has the data folder */
export async function register(shell: Shell): Promise<void> {
  shell.giveService(await EngineService.start(shell.environment));
}
