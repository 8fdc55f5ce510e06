/**
 * The terminal host as a program in which something throws once, uncaught, just after its first fault was applied. The
 * engine is unchanged: one of its parts is replaced by one that throws.
 */
import { main } from "../hosts/terminal/main.ts";
import { RunPrinter } from "../hosts/terminal/run-printer.ts";
import { HealthMonitor } from "../lab/health/monitor.ts";
import { FaultJournal } from "../lab/journal/fault-journal.ts";
import { LogTail } from "../lab/stacks/log-tail.ts";
import { ProcessBackend } from "../lab/stacks/process-backend.ts";

/** Which part of the lab throws. */
export const STRAY_VARIABLE = "STRAYING_LAB";
const source = process.env[STRAY_VARIABLE];
let isFirst = true;
let isDue = false;

function throwOnce(): void {
  if (!isDue) return;
  isDue = false;
  throw new Error(`boom in ${source}`);
}

const { applied } = FaultJournal.prototype;
FaultJournal.prototype.applied = function (...given) {
  applied.apply(this, given);
  if (isFirst) isDue = true;
  isFirst = false;
  if (source === "a promise") void Promise.reject(new Error(`boom in ${source}`));
  if (source === "a timer") setTimeout(throwOnce, 1);
};

if (source === "a probe") {
  const { probe } = ProcessBackend.prototype;
  ProcessBackend.prototype.probe = function (service) {
    const inner = probe.call(this, service);
    return {
      close: () => inner.close(),
      async check(signal) {
        throwOnce();
        return inner.check(signal);
      },
    };
  };
}
if (source === "a listener") {
  const { onTransition } = HealthMonitor.prototype;
  HealthMonitor.prototype.onTransition = function (listener) {
    return onTransition.call(this, (transition) => {
      throwOnce();
      listener(transition);
    });
  };
}
if (source === "the log tail") {
  const { read } = LogTail.prototype;
  LogTail.prototype.read = function () {
    throwOnce();
    read.call(this);
  };
}
if (source === "the printer") {
  const { take } = RunPrinter.prototype;
  RunPrinter.prototype.take = function (event) {
    throwOnce();
    take.call(this, event);
  };
}
if (source === "an end-of-run hook") {
  const { close } = LogTail.prototype;
  LogTail.prototype.close = function () {
    close.call(this);
    throwOnce();
  };
}

process.exitCode = await main(process.argv.slice(2));
