import type { Redact } from "../events/run-log.ts";
import type { YamlValues } from "./redact-yaml.ts";
import { Redactor } from "./redactor.ts";

/** How a run is recorded: the files that it is made of as they are stored, and what makes its events so. */
export interface RunRecording {
  scenarioTitle: string;
  scenarioSource: string;
  stackSource: string | undefined;
  /** Absent for a run that is kept raw. */
  redact: Redact | undefined;
}

export interface RunFiles {
  scenarioTitle: string;
  scenarioSource: string;
  stackSource?: YamlValues;
  /** Of the services, as they were handed out: what they call a secret is looked for in all the run. */
  environments?: readonly Readonly<Record<string, string>>[];
}

/** @param isRaw nothing is redacted, as a person asked for */
export function recordingOf(files: RunFiles, isRaw: boolean): RunRecording {
  const { scenarioTitle, scenarioSource, stackSource, environments = [] } = files;
  if (isRaw) return { scenarioTitle, scenarioSource, stackSource: stackSource?.source, redact: undefined };
  const redactor = new Redactor();
  for (const environment of environments) redactor.learn(environment);
  // First, because what these files call a secret is looked for in all the others.
  const stack = stackSource === undefined ? undefined : redactor.yaml(stackSource);
  const scenario = redactor.yaml(scenarioSource);
  return {
    scenarioTitle: redactor.text(scenarioTitle),
    scenarioSource: scenario,
    stackSource: stack,
    redact: (event) => redactor.event(event).event,
  };
}
