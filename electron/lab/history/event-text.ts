import { needsUpgrade } from "../../model/upgrade.ts";
import { typeOf } from "./event-codes.ts";
import { type EventRow, readRow } from "./event-row.ts";

/**
 * Events of one run as the JSON that is sent to a window, built on the reader's thread: one text for all of them, since
 * copying a text for each between threads would cost the engine's thread more than building it.
 */
export interface EventTexts {
  /** For each event: seq, microseconds since the start of the run, stored type. */
  numbers: Float64Array;
  /** The events, concatenated. */
  text: string;
  /** End of each event in `text`. */
  ends: Uint32Array;
}

export const TEXT_NUMBERS = 3;

/** @param rows already checked: their types are known, and their bodies are objects */
export function toTexts(runId: string, rows: readonly EventRow[]): EventTexts {
  const numbers = new Float64Array(rows.length * TEXT_NUMBERS);
  const ends = new Uint32Array(rows.length);
  let length = 0;
  const texts = rows.map((row, index) => {
    numbers[index * TEXT_NUMBERS] = row.seq;
    numbers[index * TEXT_NUMBERS + 1] = row.atUs;
    numbers[index * TEXT_NUMBERS + 2] = row.type;
    const text = textOf(runId, row);
    length += text.length;
    ends[index] = length;
    return text;
  });
  return { numbers, text: texts.join(""), ends };
}

/** Uses the body's text as it is: parsing and serialising it would be most of the work. */
function textOf(runId: string, { seq, atUs, wallMs, type, body }: EventRow): string {
  const envelope = `{"type":"${typeOf(type)}","runId":"${runId}","seq":${seq},"atMs":${atUs / 1000},"wallMs":${wallMs}`;
  const text = body === "{}" ? `${envelope}}` : `${envelope},${body.slice(1)}`;
  return needsUpgrade({ type: typeOf(type) })
    ? JSON.stringify(readRow(runId, { seq, atUs, wallMs, type, body }))
    : text;
}
