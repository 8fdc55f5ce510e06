import { Checkbox, FileButton, TextInput } from "@mantine/core";
import { IconFileImport } from "@tabler/icons-react";
import type { Upload } from "../../electron/contract/bundles.ts";
import type { EvaluateRequest } from "../../electron/contract/traces.ts";
import {
  DEFAULT_THRESHOLD,
  isScored,
  METRICS,
  type MetricName,
  TRAJECTORY_MATCHES,
} from "../../electron/model/evaluation.ts";
import classes from "./evaluation-choice.module.css";
import { FilterSelect } from "./filter-select.tsx";
import { ReasonedButton } from "./reasoned-button.tsx";

/** By what traces are evaluated. */
export interface EvaluationChoice {
  /** Expected turns. */
  set: Upload | undefined;
  /** Metrics with their thresholds, as written. */
  metrics: ReadonlyMap<MetricName, string>;
  match: (typeof TRAJECTORY_MATCHES)[number];
}

export const FIRST_CHOICE: EvaluationChoice = {
  set: undefined,
  metrics: new Map([["tool_trajectory_avg_score", ""]]),
  match: "EXACT",
};

const EXPLAINED: Record<MetricName, string> = {
  tool_trajectory_avg_score: "tools used, with their arguments; needs an eval set",
  response_match_score: "ROUGE-1 of the responses; needs an eval set",
  latency_ms: "of the slowest turn, at most",
  input_tokens: "at most",
  output_tokens: "at most",
  total_tokens: "at most",
  llm_calls: "at most",
  tool_calls: "at most",
};

interface ChoiceProps {
  choice: EvaluationChoice;
  onChange: (choice: EvaluationChoice) => void;
}

export function ChooseEvalSet({ choice, onChange, onFile }: ChoiceProps & { onFile: FileButtonProps["onFile"] }) {
  return (
    <ChooseFile
      label="Choose an eval set"
      hint="The Agent Development Kit's eval set, as JSON"
      chosen={choice.set}
      onFile={async (file) => {
        const set = await onFile(file);
        if (set !== undefined) onChange({ ...choice, set });
        return set;
      }}
    />
  );
}

interface FileButtonProps {
  label: string;
  hint: string;
  chosen: Upload | undefined;
  /** Uploads it; undefined when that failed. */
  onFile: (file: File) => Promise<Upload | undefined>;
}

export function ChooseFile({ label, hint, chosen, onFile }: FileButtonProps) {
  return (
    <div className={classes.line}>
      <FileButton accept=".json,application/json" onChange={(file) => file !== null && void onFile(file)}>
        {({ onClick }) => (
          <ReasonedButton
            variant="default"
            leftSection={<IconFileImport size={14} aria-hidden />}
            hint={hint}
            onClick={onClick}
          >
            {label}
          </ReasonedButton>
        )}
      </FileButton>
      <span role="status">{chosen?.fileName ?? "none chosen"}</span>
    </div>
  );
}

export function ChooseMetrics({ choice, onChange }: ChoiceProps) {
  const { metrics, match } = choice;
  const choose = (metric: MetricName, threshold: string | undefined) => {
    const next = new Map(metrics);
    if (threshold === undefined) next.delete(metric);
    else next.set(metric, threshold);
    onChange({ ...choice, metrics: next });
  };
  return (
    <>
      {METRICS.map((metric) => (
        <div key={metric} className={classes.metric}>
          <Checkbox
            size="xs"
            label={metric}
            checked={metrics.has(metric)}
            onChange={(event) => choose(metric, event.currentTarget.checked ? "" : undefined)}
          />
          <TextInput
            size="xs"
            aria-label={`Threshold of ${metric}`}
            placeholder={isScored(metric) ? `at least ${DEFAULT_THRESHOLD}` : "at most"}
            inputMode="decimal"
            disabled={!metrics.has(metric)}
            value={metrics.get(metric) ?? ""}
            onChange={(event) => choose(metric, event.currentTarget.value.trim())}
          />
          <span>{EXPLAINED[metric]}</span>
        </div>
      ))}
      <FilterSelect
        className={classes.match}
        label="How tools are compared"
        any="EXACT"
        data={TRAJECTORY_MATCHES.slice(1).map((value) => ({ value, label: value }))}
        value={match === "EXACT" ? null : match}
        onChange={(value) =>
          onChange({ ...choice, match: TRAJECTORY_MATCHES.find((each) => each === value) ?? "EXACT" })
        }
      />
    </>
  );
}

/** Why nothing can be evaluated by these; undefined when it can. */
export function whyNotEvaluated({ metrics, set }: EvaluationChoice): string | undefined {
  if (metrics.size === 0) return "Choose a metric";
  for (const [metric, text] of metrics) {
    const number = Number(text);
    if (isScored(metric)) {
      if (set === undefined) return `${metric} needs an eval set: choose one`;
      if (text !== "" && !(number >= 0 && number <= 1)) return `The threshold of ${metric} is from 0 to 1`;
    } else if (text === "" || !Number.isFinite(number)) return `${metric} needs the most that passes, as a number`;
  }
  return undefined;
}

export function toRequest({ set, metrics, match }: EvaluationChoice): Omit<EvaluateRequest, "runIds"> {
  return {
    evalSet: set?.upload ?? null,
    metrics: [...metrics].map(([name, text]) => ({ name, ...(text === "" ? {} : { threshold: Number(text) }) })),
    match,
  };
}
