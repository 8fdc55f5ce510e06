/** Where a text stops being UTF-8, lines and columns from 1. */
export interface EncodingProblem {
  line: number;
  column: number;
  message: string;
}

/**
 * The text of UTF-8 bytes, without its byte order mark. Other encodings are refused rather than decoded by guess: a wrong
 * guess changes what is shown and matched.
 */
export function decodeText(bytes: Uint8Array): { text: string } | { problem: EncodingProblem } {
  const other = otherEncoding(bytes);
  if (other !== undefined) {
    return { problem: { line: 1, column: 1, message: `the file is ${other}; save it as UTF-8` } };
  }
  try {
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(bytes) };
  } catch {
    return { problem: { ...firstInvalidByte(bytes), message: "this byte is not UTF-8; save the file as UTF-8" } };
  }
}

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
