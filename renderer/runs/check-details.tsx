import { resultOf } from "../../electron/model/check-result.ts";
import { parseJson } from "../../electron/model/json.ts";
import type { Instant } from "../../electron/model/span.ts";
import { Facts } from "../ui/facts.tsx";
import { formatDuration } from "../ui/times.ts";
import { ToneWord } from "../ui/tone-mark.tsx";
import { CHECK_LOOKS } from "./check-looks.ts";
import { JsonBlock } from "./json-block.tsx";

export function CheckDetails({ check: { event, atMs } }: { check: Instant<"check"> }) {
  const { tone, word } = CHECK_LOOKS[resultOf(event)];
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
      <JsonBlock value={pretty(event.expected)} label="Expected" />
      <h3>Observed</h3>
      <JsonBlock value={pretty(event.observed)} label="Observed" />
    </>
  );
}

/** Parses JSON, so that it is shown over several lines; other text is unchanged. */
function pretty(text: string): unknown {
  return parseJson(text) ?? text;
}
