import { IconCheck, IconQuestionMark, IconX } from "@tabler/icons-react";
import type { CheckResult } from "../../electron/model/check-result.ts";
import type { Tone } from "../../electron/model/tone.ts";

interface CheckLook {
  tone: Tone;
  word: string;
  Icon: typeof IconCheck;
}

/** How each result of a check is shown, wherever one is. */
export const CHECK_LOOKS: Record<CheckResult, CheckLook> = {
  passed: { tone: "passed", word: "holds", Icon: IconCheck },
  failed: { tone: "failed", word: "does not hold", Icon: IconX },
  inconclusive: { tone: "warning", word: "could not be told", Icon: IconQuestionMark },
};
