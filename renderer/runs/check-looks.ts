import { IconCheck, IconQuestionMark, IconX } from "@tabler/icons-react";
import { CHECK_TONES } from "../../electron/model/catalogue/check-entries.ts";
import type { CheckResult } from "../../electron/model/check-result.ts";
import type { Tone } from "../../electron/model/tone.ts";

interface CheckLook {
  tone: Tone;
  word: string;
  Icon: typeof IconCheck;
}

/** How each result of a check is shown, wherever one is. */
export const CHECK_LOOKS: Record<CheckResult, CheckLook> = {
  passed: { tone: CHECK_TONES.passed, word: "holds", Icon: IconCheck },
  failed: { tone: CHECK_TONES.failed, word: "does not hold", Icon: IconX },
  inconclusive: { tone: CHECK_TONES.inconclusive, word: "could not be told", Icon: IconQuestionMark },
};
