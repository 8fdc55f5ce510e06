import { formatDuration } from "../../model/duration.ts";
import { requestedFault } from "../faults/requested-fault.ts";
import type { Steady, Step } from "./schema.ts";

/** What of a steady state is demanded, in the few words that a list has room for. */
export function describeSteady(steady: Steady): string {
  if ("service" in steady) return `${steady.service} is ${steady.is}`;
  const within = steady.within === undefined ? "" : ` within ${formatDuration(steady.within)}`;
  if ("call" in steady) return `call ${steady.call} is ok${within}`;
  const { http, path, status = "2xx", json } = steady;
  return `GET ${http}${path} answers ${status}${json === undefined ? "" : ` with ${JSON.stringify(json)}`}${within}`;
}

/** What a step does, in the few words that a timeline has room for. */
export function describeStep(step: Step): string {
  if (step.name !== undefined) return step.name;
  if ("warm" in step) return `warm ${step.warm}: initialize, tools/list`;
  if ("fault" in step) {
    const { kind, target } = requestedFault(step.fault);
    return `fault: ${kind} ${target}`;
  }
  if ("undo" in step) return step.undo === "all" ? "undo every fault" : `undo the fault on ${step.undo}`;
  if ("agent" in step) return `agent: "${step.agent}"`;
  if ("call" in step) return `call ${step.call}`;
  if ("storm" in step) {
    const clients = step.clients && step.clients > 1 ? ` by ${step.clients} clients` : "";
    return `storm: ${step.storm} up to ${step.times} times${clients}${step.until ? `, until ${step.until}` : ""}`;
  }
  if ("http" in step) return `${step.method ?? "GET"} ${step.http}${step.path}`;
  if ("approve" in step) return `a person approves ${step.approve}`;
  if ("deny" in step) return `a person denies ${step.deny}`;
  if ("probe" in step) return `probe ${step.probe}${step.is ? `: ${step.is}` : ""}`;
  if ("check" in step) return `check ${Object.keys(step.check)[0]}`;
  return `wait for ${describeAwaited(step.wait)}`;
}

function describeAwaited(wait: Extract<Step, { wait: unknown }>["wait"]): string {
  if (typeof wait === "number") return formatDuration(wait);
  if ("service" in wait) return `${wait.service} to be ${wait.is}`;
  if ("rows" in wait) return `${wait.rows} audit rows`;
  return `${wait.times && wait.times > 1 ? `${wait.times} times ` : ""}${wait.tool ? `${wait.tool} ` : ""}${wait.decision}`;
}
