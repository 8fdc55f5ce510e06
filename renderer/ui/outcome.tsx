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

export const OUTCOME_LOOKS: Record<Outcome | "running" | "reading", OutcomeLook> = {
  passed: { tone: "passed", word: "Passed", meaning: "every check held and everything was put back", Icon: IconCheck },
  failed: { tone: "failed", word: "Failed", meaning: "a check or a step did not hold", Icon: IconX },
  inconclusive: {
    tone: "warning",
    word: "Inconclusive",
    meaning: "no check failed, but one could not see what it is about",
    Icon: IconQuestionMark,
  },
  precondition: {
    tone: "warning",
    word: "Not begun",
    meaning: "the steady state did not hold, so nothing was broken",
    Icon: IconBan,
  },
  residue: { tone: "failed", word: "Residue", meaning: "something could not be verified as put back", Icon: IconFlask },
  cancelled: { tone: "muted", word: "Cancelled", meaning: "ended by a person", Icon: IconPlayerStop },
  interrupted: { tone: "warning", word: "Interrupted", meaning: "the lab died during the run", Icon: IconPlugX },
  error: { tone: "failed", word: "Error", meaning: "the lab itself failed", Icon: IconX },
  running: { tone: "step", word: "Running", meaning: "going on now", Icon: IconCircleDashed },
  reading: { tone: "muted", word: "Reading", meaning: "its log is still arriving", Icon: IconLoader },
};

export function OutcomeBadge({ outcome }: { outcome: Outcome | "reading" | null | undefined }) {
  const { tone, word, meaning, Icon } = OUTCOME_LOOKS[outcome ?? "running"];
  return (
    <ToneBadge tone={tone} title={meaning}>
      <Icon size={13} stroke={2.4} aria-hidden />
      {word}
    </ToneBadge>
  );
}

/** A verdict small enough for five in a row. */
export function OutcomeMark({ outcome, title }: { outcome: Outcome; title: string }) {
  const { tone, Icon } = OUTCOME_LOOKS[outcome];
  return <Icon size={14} stroke={2.6} color={`var(${toneVariable(tone)})`} aria-label={title} role="img" />;
}
