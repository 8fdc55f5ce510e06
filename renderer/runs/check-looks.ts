import { IconCheck, IconQuestionMark, IconX } from "@tabler/icons-react";
import { CHECK_TONES } from "../../electron/model/catalogue/check-entries.ts";
import type { CheckResult } from "../../electron/model/check-result.ts";
import type { Tone } from "../../electron/model/tone.ts";

interface CheckLook {
  tone: Tone;
  word: string;
  Icon: typeof IconCheck;
}

/** Icon, tone and word of each check result. */
export const CHECK_LOOKS: Record<CheckResult, CheckLook> = {
  passed: { tone: CHECK_TONES.passed, word: "passed", Icon: IconCheck },
  failed: { tone: CHECK_TONES.failed, word: "failed", Icon: IconX },
  inconclusive: { tone: CHECK_TONES.inconclusive, word: "inconclusive", Icon: IconQuestionMark },
};
