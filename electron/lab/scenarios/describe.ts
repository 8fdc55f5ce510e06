import { formatDuration } from "../../model/duration.ts";
import { requestedFault } from "../faults/requested-fault.ts";
import { ANY_READ_ONLY, byKind, type Steady, type Step, type StepOf, type StepTable } from "./schema.ts";

/** A demand of a steady state, short enough for a list. */
export function describeSteady(steady: Steady): string {
  if ("service" in steady) return `${steady.service} is ${steady.is}`;
  const within = steady.within === undefined ? "" : ` within ${formatDuration(steady.within)}`;
  if ("call" in steady) return `call ${toolText(steady.call)} is ok${within}`;
  const { http, path, status = "2xx", json } = steady;
  return `GET ${http}${path} answers ${status}${json === undefined ? "" : ` with ${JSON.stringify(json)}`}${within}`;
}

/** What a step does, short enough for a timeline. */
export function describeStep(step: Step): string {
  return step.name ?? byKind(WORDS, step);
}

const WORDS: StepTable<[], string> = {
  warm: ({ warm }) => `warm ${warm}: initialize, tools/list`,
  fault({ fault }) {
    const { kind, target } = requestedFault(fault);
    return `fault: ${kind} ${target}`;
  },
  undo: ({ undo }) => (undo === "all" ? "undo every fault" : `undo the fault on ${undo}`),
  agent: ({ agent }) => `agent: "${agent}"`,
  call: ({ call, is }) => `call ${toolText(call)}${is === undefined ? "" : `, expecting ${is}`}`,
  storm({ storm, times, clients, until }) {
    const by = clients && clients > 1 ? ` by ${clients} clients` : "";
    return `storm: ${toolText(storm)} up to ${times} times${by}${until ? `, until ${until}` : ""}`;
  },
  http: ({ http, path, method }) => `${method ?? "GET"} ${http}${path}`,
  approve: ({ approve }) => `a person approves ${approve}`,
  deny: ({ deny }) => `a person denies ${deny}`,
  decide: ({ decide }) => `a person decides on ${decide}`,
  wait: ({ wait }) => `wait for ${describeAwaited(wait)}`,
  probe: ({ probe, is }) => `probe ${probe}${is ? `: ${is}` : ""}`,
  check: ({ check }) => `check ${Object.keys(check)[0]}`,
};

const toolText = (name: string) => (name === ANY_READ_ONLY ? "a read-only tool" : name);

function describeAwaited(wait: StepOf<"wait">["wait"]): string {
  if (typeof wait === "number") return formatDuration(wait);
  if ("service" in wait) return `${wait.service} to be ${wait.is}`;
  if ("http" in wait) return `${wait.http}${wait.path} to answer ${JSON.stringify(wait.json ?? wait.status ?? "2xx")}`;
  if ("rows" in wait) return `${wait.rows} audit rows`;
  return `${wait.times && wait.times > 1 ? `${wait.times} times ` : ""}${wait.tool ? `${wait.tool} ` : ""}${wait.decision}`;
}
