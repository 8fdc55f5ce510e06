import {
  IconBan,
  IconCheck,
  IconCircleDashed,
  IconFlask,
  IconLoader,
  IconPlayerStop,
  IconPlugX,
  IconQuestionMark,
  IconX,
} from "@tabler/icons-react";
import type { Outcome } from "../../electron/model/lab-event.ts";
import type { Tone } from "../../electron/model/tone.ts";
import { ToneBadge, toneVariable } from "./tone-mark.tsx";

interface OutcomeLook {
  tone: Tone;
  word: string;
  meaning: string;
  Icon: typeof IconCheck;
}

/** What is known of a run without an outcome. */
type Unended = "running" | "reading" | "unknown";

export const OUTCOME_LOOKS: Record<Outcome | Unended, OutcomeLook> = {
  passed: { tone: "passed", word: "Passed", meaning: "every check passed and every fault was undone", Icon: IconCheck },
  failed: { tone: "failed", word: "Failed", meaning: "a check or a step failed", Icon: IconX },
  inconclusive: {
    tone: "warning",
    word: "Inconclusive",
    meaning: "no check failed, but one could not observe its subject",
    Icon: IconQuestionMark,
  },
  precondition: {
    tone: "warning",
    word: "Not started",
    meaning: "the steady state was not met, so no fault was applied",
    Icon: IconBan,
  },
  residue: { tone: "failed", word: "Residue", meaning: "something could not be verified as restored", Icon: IconFlask },
  cancelled: { tone: "muted", word: "Cancelled", meaning: "cancelled by a person", Icon: IconPlayerStop },
  interrupted: { tone: "warning", word: "Interrupted", meaning: "the lab was killed during the run", Icon: IconPlugX },
  error: { tone: "failed", word: "Error", meaning: "the lab itself failed", Icon: IconX },
  running: { tone: "step", word: "Running", meaning: "in progress", Icon: IconCircleDashed },
  reading: { tone: "muted", word: "Loading", meaning: "the log is still loading", Icon: IconLoader },
  unknown: { tone: "warning", word: "Unknown", meaning: "nothing more of it arrives", Icon: IconPlugX },
};

export function OutcomeBadge({ outcome }: { outcome: Outcome | Unended | null | undefined }) {
  const { tone, word, meaning, Icon } = OUTCOME_LOOKS[outcome ?? "running"];
  return (
    <ToneBadge tone={tone} title={meaning}>
      <Icon size={13} stroke={2.4} aria-hidden />
      {word}
    </ToneBadge>
  );
}

/** A compact outcome icon. */
export function OutcomeMark({ outcome, title }: { outcome: Outcome; title: string }) {
  const { tone, Icon } = OUTCOME_LOOKS[outcome];
  return <Icon size={14} stroke={2.6} color={`var(${toneVariable(tone)})`} aria-label={title} role="img" />;
}

/** In the place of an outcome: nothing of a trace was checked. */
export function TraceBadge() {
  return <ToneBadge tone="neutral">Trace</ToneBadge>;
}
