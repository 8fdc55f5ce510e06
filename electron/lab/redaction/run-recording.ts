import type { TelemetryRecord } from "../../model/telemetry.ts";
import type { Redact } from "../events/run-log.ts";
import type { YamlValues } from "./redact-yaml.ts";
import { Redactor } from "./redactor.ts";

/** How a run is recorded: its files as they are stored, and the redaction of its events. */
export interface RunRecording {
  scenarioTitle: string;
  scenarioSource: string;
  stackSource: string | undefined;
  /** Absent for a raw run. */
  redact: Redact | undefined;
  /** Of its spans and logs; absent for a raw run. */
  redactTelemetry: ((record: TelemetryRecord) => TelemetryRecord) | undefined;
}

export interface RunFiles {
  scenarioTitle: string;
  scenarioSource: string;
  stackSource?: YamlValues;
  /** Environments of the services: the values of their secrets are searched for in the whole run. */
  environments?: readonly Readonly<Record<string, string>>[];
}

/** @param isRaw nothing is redacted, at a person's request */
export function recordingOf(files: RunFiles, isRaw: boolean): RunRecording {
  const { scenarioTitle, scenarioSource, stackSource, environments = [] } = files;
  if (isRaw)
    return {
      scenarioTitle,
      scenarioSource,
      stackSource: stackSource?.source,
      redact: undefined,
      redactTelemetry: undefined,
    };
  const redactor = new Redactor();
  for (const environment of environments) redactor.learn(environment);
  // First, because the secrets of these files are searched for in all others.
  const stack = stackSource === undefined ? undefined : redactor.yaml(stackSource);
  const scenario = redactor.yaml(scenarioSource);
  return {
    scenarioTitle: redactor.text(scenarioTitle),
    scenarioSource: scenario,
    stackSource: stack,
    redact: (event) => redactor.event(event).event,
    redactTelemetry: (record) => redactor.telemetry(record),
  };
}
