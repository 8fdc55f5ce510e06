import { needsUpgrade } from "../../model/upgrade.ts";
import { typeOf } from "./event-codes.ts";
import { type EventRow, readRow } from "./event-row.ts";

/**
 * Events of one run as the JSON that a window is sent, made on the reader's thread: one text for all of them, since copying
 * a text for each from thread to thread would cost the engine's thread more than making it.
 */
export interface EventTexts {
  /** Of each event, one after another: seq, microseconds since the run began, type as it is stored. */
  numbers: Float64Array;
  /** One event after another. */
  text: string;
  /** Where each ends in it. */
  ends: Uint32Array;
}

export const TEXT_NUMBERS = 3;

/** @param rows found whole: their types are known, and their bodies objects */
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

/** The body is text already and stays it: taking it apart and together again is most of the work. */
function textOf(runId: string, { seq, atUs, wallMs, type, body }: EventRow): string {
  const envelope = `{"type":"${typeOf(type)}","runId":"${runId}","seq":${seq},"atMs":${atUs / 1000},"wallMs":${wallMs}`;
  const text = body === "{}" ? `${envelope}}` : `${envelope},${body.slice(1)}`;
  return needsUpgrade({ type: typeOf(type) })
    ? JSON.stringify(readRow(runId, { seq, atUs, wallMs, type, body }))
    : text;
}
