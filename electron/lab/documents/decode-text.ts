import { LabError } from "../lab-error.ts";

/**
 * The text of a file that must be UTF-8, without its byte order mark. Other encodings are refused rather than decoded by
 * guess: a wrong guess changes what is shown and matched.
 * @throws LabError `bad-input` naming the encoding, or the line and column of the first byte that is not UTF-8
 */
export function decodeText(bytes: Uint8Array, file: string): string {
  const other = otherEncoding(bytes);
  if (other !== undefined) {
    throw new LabError("bad-input", `${file} is ${other}; expected UTF-8`, { cure: SAVE_AS_UTF8 });
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    const { line, column } = firstInvalidByte(bytes);
    throw new LabError("bad-input", `${file}:${line}:${column}: this byte is not UTF-8 text`, { cure: SAVE_AS_UTF8 });
  }
}

const SAVE_AS_UTF8 = "save the file as UTF-8 (such as `iconv -f latin1 -t utf-8`), or replace the character";

/** UTF-16 and UTF-32, by their byte order mark or by the zero bytes that ASCII text has in them. */
function otherEncoding(bytes: Uint8Array): string | undefined {
  const [a, b, c, d] = bytes;
  if ((a === 0xff && b === 0xfe && c === 0 && d === 0) || (a === 0 && b === 0 && c === 0xfe && d === 0xff)) {
    return "UTF-32";
  }
  if ((a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff)) return "UTF-16";
  if (bytes.length >= 4 && ((a === 0 && b !== 0 && c === 0) || (a !== 0 && b === 0 && d === 0))) return "UTF-16";
  return undefined;
}

function firstInvalidByte(bytes: Uint8Array): { line: number; column: number } {
  const decoder = new TextDecoder("utf-8");
  const valid = decoder.decode(bytes.subarray(0, validLength(bytes)));
  const lines = valid.split("\n");
  return { line: lines.length, column: (lines.at(-1) ?? "").length + 1 };
}

/** Bytes before the first one that is not UTF-8: the longest prefix that decodes, found by halving. */
function validLength(bytes: Uint8Array): number {
  let [valid, invalid] = [0, bytes.length];
  while (invalid - valid > 1) {
    const middle = (valid + invalid) >>> 1;
    if (decodes(bytes.subarray(0, middle))) valid = middle;
    else invalid = middle;
  }
  return valid;
}

/** `stream` accepts a character that is cut at the end. */
function decodes(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}
