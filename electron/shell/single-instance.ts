import { app } from "electron";
import { routeIn } from "./link-route.ts";
import type { Shell } from "./shell.ts";

/** False in a second instance, which ends at once: the first one comes forward and follows the link it was given. */
export function register(shell: Shell): boolean {
  if (!app.requestSingleInstanceLock()) {
    app.quit();
    return false;
  }
  app.on("second-instance", (_event, words) => shell.show(routeIn(words)));
  return true;
}
