import { docker } from "../../electron/testing/docker-command.ts";

/** Whether a Docker engine answers. On CI one has to: nothing is left out there because it does not. */
export function hasEngine(): boolean {
  try {
    docker("version");
    return true;
  } catch {
    if (process.env.CI) throw new Error("a Docker engine is needed");
    return false;
  }
}
