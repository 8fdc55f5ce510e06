import { app } from "electron";
import { routeIn } from "./link-route.ts";
import type { Shell } from "./shell.ts";

/** False in a second instance, which exits at once: the first one shows its window and opens the link. */
export function register(shell: Shell): boolean {
  if (!app.requestSingleInstanceLock()) {
    app.quit();
    return false;
  }
  app.on("second-instance", (_event, args) => shell.show(routeIn(args)));
  return true;
}
