import { app } from "electron";
import { LINK_SCHEME, routeOf } from "./link-route.ts";
import type { Shell } from "./shell.ts";

/** `resilience-lab://run/<id>` opens the lab at that run from any application. */
export function register(shell: Shell): void {
  app.setAsDefaultProtocolClient(LINK_SCHEME);
  app.on("open-url", (event, link) => {
    event.preventDefault();
    void app.whenReady().then(() => shell.show(routeOf(link)));
  });
}
