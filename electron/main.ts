import { app } from "electron";
import { cannotStart } from "./shell/cannot-start.ts";
import * as crash from "./shell/crash.ts";
import * as deepLinks from "./shell/deep-links.ts";
import * as engine from "./shell/engine.ts";
import * as labDoor from "./shell/lab-door.ts";
import * as menu from "./shell/menu.ts";
import * as notifications from "./shell/notifications.ts";
import * as permissions from "./shell/permissions.ts";
import * as protocol from "./shell/protocol.ts";
import * as quit from "./shell/quit.ts";
import { makeShell } from "./shell/shell.ts";
import * as singleInstance from "./shell/single-instance.ts";
import * as strayErrors from "./shell/stray-errors.ts";
import * as theme from "./shell/theme.ts";
import * as tray from "./shell/tray.ts";
import * as window from "./shell/window.ts";

/** The desktop shell: one file a concern, each registered here, in an order that matters where a comment says so. */
const shell = makeShell(process.env);

// Not awaited here: the app becomes ready only once this module has been evaluated.
if (singleInstance.register(shell)) void start().catch(cannotStart);

async function start(): Promise<void> {
  // Before the app is ready: schemes, and links that it may have been started with.
  strayErrors.register(shell);
  protocol.registerScheme();
  deepLinks.register(shell);
  quit.register(shell);
  permissions.register();
  crash.register(shell);
  await app.whenReady();
  // Before the window: what it loads, what colour it opens in, and who answers it.
  protocol.register(shell);
  theme.register(shell);
  labDoor.register(shell);
  menu.register(shell);
  window.register(shell);
  // After the window: putting back what a dead lab left may take a while, and the page says so meanwhile.
  await engine.register(shell);
  tray.register(shell);
  notifications.register(shell);
}
