/**
 * The terminal host as a program that ends itself with SIGKILL at a chosen moment of its first fault. The engine is
 * unchanged: the kill is inserted before or after the methods around that moment.
 */
import { main } from "../hosts/terminal/main.ts";
import { FaultProxyControl } from "../lab/faults/fault-proxy-control.ts";
import { FaultJournal } from "../lab/journal/fault-journal.ts";
import { StackRegister } from "../lab/journal/stack-register.ts";
import { DockerDriver } from "../lab/stacks/docker/docker-driver.ts";
import { DockerLinkSidecars } from "../lab/stacks/docker/sidecar/docker-link-sidecars.ts";
import { KILL_POINT_VARIABLE, KILL_WATCHDOG_VARIABLE } from "../lab/watchdog/testing/kill-points.ts";
import { watchdogsOf } from "../lab/watchdog/testing/process-table.ts";

const point = process.env[KILL_POINT_VARIABLE];
const signalForReal = process.kill.bind(process);
/** Long enough for a request to leave this process, and usually too short for its answer. */
const ON_ITS_WAY_MS = 10;
/** Only actions on a fault count, not the bring-up before it. */
let isIntended = false;
let isApplied = false;

function die(): never {
  if (process.env[KILL_WATCHDOG_VARIABLE] !== undefined) {
    for (const pid of watchdogsOf({ parent: process.pid })) signalForReal(pid, "SIGKILL");
  }
  signalForReal(process.pid, "SIGKILL");
  throw new Error("killed");
}

/** Replaces `method` by `around`, which gets the original. */
function patch<Key extends string, Target extends Record<Key, (...given: never[]) => unknown>>(
  target: Target,
  method: Key,
  around: (original: () => unknown, given: Parameters<Target[Key]>) => unknown,
): void {
  const original = target[method];
  Object.assign(target, {
    [method](this: unknown, ...given: Parameters<Target[Key]>) {
      return around(() => original.apply(this, given as never), given);
    },
  });
}

patch(FaultJournal.prototype, "intend", (write) => {
  if (point === "before the write") die();
  write();
  isIntended = true;
  if (point === "after the write") die();
});

patch(FaultJournal.prototype, "applied", (write) => {
  if (point === "after the apply") die();
  write();
  isApplied = true;
});

patch(FaultJournal.prototype, "close", (write) => {
  if (point === "after the undo") die();
  write();
});

// A service is stopping once it has the signal, and starting once it runs and before that is recorded.
patch(process as unknown as { kill: (pid: number, signal: NodeJS.Signals) => unknown }, "kill", (send, [, signal]) => {
  send();
  if (point === "amid the apply" && isIntended && signal !== "SIGCONT") die();
  if (point === "amid the undo" && isApplied) die();
});
patch(StackRegister.prototype, "endStart", (write, [, , , identity]) => {
  if (point === "amid the undo" && isApplied && identity !== undefined) die();
  return write();
});

// The request to the engine has been sent, and is executed without the lab.
for (const method of ["stop", "kill", "pause", "disconnect"] as const) {
  patch(DockerDriver.prototype, method, (ask) => {
    if (point === "amid the apply" && isIntended) setTimeout(die, ON_ITS_WAY_MS);
    return ask();
  });
}
for (const method of ["start", "resume", "reconnect"] as const) {
  patch(DockerDriver.prototype, method, (ask) => {
    if (point === "amid the undo" && isApplied) setTimeout(die, ON_ITS_WAY_MS);
    return ask();
  });
}

// A container in the network namespace of another is being created, or removed with its rules.
for (const [method, moment] of [
  ["apply", "amid the apply"],
  ["undo", "amid the undo"],
] as const) {
  patch(DockerLinkSidecars.prototype, method, (ask) => {
    if (point === moment && isIntended) setTimeout(die, ON_ITS_WAY_MS);
    return ask();
  });
}

// The request to the proxy has been sent, and nobody reads the response.
for (const method of ["arm", "close"] as const) {
  patch(FaultProxyControl.prototype, method, (ask) => {
    if (point === "amid the apply") setTimeout(die, 1);
    return ask();
  });
}
for (const method of ["disarm", "open"] as const) {
  patch(FaultProxyControl.prototype, method, (ask) => {
    if (point === "amid the undo" && isApplied) setTimeout(die, 1);
    return ask();
  });
}

process.exitCode = await main(process.argv.slice(2));
