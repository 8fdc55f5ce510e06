import { app } from "electron";
import { cannotStart } from "./shell/cannot-start.ts";
import * as crash from "./shell/crash.ts";
import * as deepLinks from "./shell/deep-links.ts";
import * as downloads from "./shell/downloads.ts";
import * as engine from "./shell/engine.ts";
import * as labDoor from "./shell/lab-door.ts";
import * as menu from "./shell/menu.ts";
import * as notifications from "./shell/notifications.ts";
import * as permissions from "./shell/permissions.ts";
import * as protocol from "./shell/protocol.ts";
import * as quit from "./shell/quit.ts";
import { makeShell } from "./shell/shell.ts";
import * as singleInstance from "./shell/single-instance.ts";
import * as stackFiles from "./shell/stack-files.ts";
import * as strayErrors from "./shell/stray-errors.ts";
import * as theme from "./shell/theme.ts";
import * as tray from "./shell/tray.ts";
import * as window from "./shell/window.ts";

/** The desktop shell: one file per concern, registered here; comments mark where the order matters. */
const shell = makeShell(process.env);

// Not awaited here: the app becomes ready only once this module has been evaluated.
if (singleInstance.register(shell)) void start().catch(cannotStart);

async function start(): Promise<void> {
  // Before the app is ready: schemes, and the links it was started with.
  strayErrors.register(shell);
  protocol.registerScheme();
  deepLinks.register(shell);
  quit.register(shell);
  permissions.register();
  crash.register(shell);
  await app.whenReady();
  // Before the window: what it loads, its background colour, and its connection.
  protocol.register(shell);
  downloads.register();
  theme.register(shell);
  labDoor.register(shell);
  menu.register(shell);
  window.register(shell);
  // After the window: restoring what a crashed lab left may take a while, and the page shows it.
  await engine.register(shell);
  await stackFiles.register(shell);
  tray.register(shell);
  notifications.register(shell);
}
