import { type Brief, briefCheck } from "../../electron/model/brief-text.ts";
import { resultOf } from "../../electron/model/check-result.ts";
import { parseJson } from "../../electron/model/json.ts";
import type { Instant } from "../../electron/model/span.ts";
import { BriefText } from "../ui/brief-text.tsx";
import { Facts } from "../ui/facts.tsx";
import { formatDuration } from "../ui/times.ts";
import { ToneWord } from "../ui/tone-mark.tsx";
import { CHECK_LOOKS } from "./check-looks.ts";
import classes from "./inspector.module.css";
import { JsonBlock } from "./json-block.tsx";

export function CheckDetails({ check: { event, atMs } }: { check: Instant<"check"> }) {
  const { tone, word } = CHECK_LOOKS[resultOf(event)];
  const shown = briefCheck(event);
  return (
    <>
      <Facts
        facts={[
          ["Check", <b key="check">{event.check}</b>],
          [
            "Result",
            <ToneWord key="verdict" tone={tone}>
              {word}
            </ToneWord>,
          ],
          ...(event.inconclusive === undefined ? [] : [["Reason", event.inconclusive] as const]),
          ["At", formatDuration(atMs)],
        ]}
      />
      <h3>Expected</h3>
      <CheckSide text={event.expected} shown={shown.expected} label="Expected" />
      <h3>Observed</h3>
      <CheckSide text={event.observed} shown={shown.observed} label="Observed" />
    </>
  );
}

/** JSON over several lines, other text in brief. */
function CheckSide({ text, shown, label }: { text: string; shown: Brief; label: string }) {
  const json = parseJson(text);
  if (json !== undefined && json !== null) return <JsonBlock value={json} label={label} />;
  return (
    <p className={classes.side}>
      <BriefText text={text} of={label} shown={shown} />
    </p>
  );
}
