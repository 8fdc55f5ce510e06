import type { ProbeTrial } from "../../contract/stacks.ts";
import { type ProbeSpec, probe as probeSchema } from "../health/probe-spec.ts";
import { LabError } from "../lab-error.ts";
import { writtenHeaders, writtenProbe } from "./described-probe.ts";
import { interpolate } from "./interpolation.ts";
import { type Stack, variablesOf } from "./stack-file.ts";

/**
 * A probe that a person tries, with its variables filled in as they would be in a file.
 * @throws LabError naming a variable that is not set
 */
export function trialOf(
  { service, probe, headers }: ProbeTrial,
  stack: Pick<Stack, "folder" | "services">,
  environment: NodeJS.ProcessEnv,
): { probe: ProbeSpec; headers: Record<string, string> } {
  const sent = stack.services.find(({ name }) => name === service)?.headers;
  const variables = variablesOf(stack.folder, environment);
  const written = { probe: writtenProbe(probe), headers: writtenHeaders(headers.filter(isShown), undefined) ?? {} };
  const required: unknown = JSON.parse(JSON.stringify(written).replaceAll(/\$\{([A-Za-z_]\w*)\}/g, requiredVariable));
  const filled = interpolate(required, variables, (_, message) => {
    throw new LabError("bad-input", message, {
      hint: "start the lab with it in its environment, or set it in the .env file of the project",
    });
  }) as { probe: unknown; headers: Record<string, string> };
  const kept = headers.filter((each) => !isShown(each)).map(({ name }) => [name, sent?.[name] ?? ""]);
  return { probe: probeSchema.parse(filled.probe), headers: { ...filled.headers, ...Object.fromEntries(kept) } };
}

function isShown({ value }: ProbeTrial["headers"][number]): boolean {
  return value !== null;
}

/** As compose writes one that has to be set. */
function requiredVariable(_all: string, name: string): string {
  return `$\{${name}:?}`;
}
