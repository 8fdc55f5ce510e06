import { gunzipSync } from "node:zlib";
import { isObject } from "../../model/json.ts";
import { recogniseFile } from "../documents/recognise-file.ts";
import { LabError, messageOf } from "../lab-error.ts";
import { parseExactJson } from "./exact-json.ts";
import {
  isJaegerDocument,
  isJaegerSpan,
  isJaegerTrace,
  readJaegerDocument,
  readJaegerSpan,
  readJaegerTrace,
} from "./jaeger-spans.ts";
import { decodeOtlpTraces, messagesOf } from "./otlp-protobuf.ts";
import { isOtlpDocument, isOtlpSpan, readOtlpDocument, readOtlpSpan } from "./otlp-spans.ts";
import type { Trace, TraceFile, TraceSpan } from "./trace.ts";

/** Unpacked bytes; bounds a file that was made to fill the memory. */
export const TRACE_FILE_LIMIT = 256 * 1024 * 1024;
const PROBLEMS_LISTED = 100;

/**
 * The traces of a file, whose format is found by its content: Jaeger JSON (whole, or a span a line), OTLP JSON (whole,
 * Tempo's, or in lines of an export or of a span each), or OTLP protobuf; any of them in gzip.
 * @throws LabError `bad-input` for a file that is none of these, saying what was expected
 */
export function readTraceFile(bytes: Uint8Array): TraceFile {
  const content = inUtf8(unpacked(bytes));
  const first = content.find((byte) => !isBlank(byte));
  if (first === undefined) throw new LabError("bad-input", "the file is empty", { hint: HINT });
  const isText = first === OPENING_BRACE || first === OPENING_BRACKET;
  if (!isText) return readBinary(content);
  try {
    return readText(new TextDecoder().decode(content));
  } catch (error) {
    // Where a protobuf begins with a line feed, or with its length, another byte of that may be the code of a bracket.
    const mayBeBinary = content[0] === PROTOBUF_FIELD_1 || content[0] === 0;
    const read = mayBeBinary ? attemptBinary(content) : undefined;
    if (read === undefined) throw error;
    return read;
  }
}

/** Also UTF-16 that says so by its mark, as Windows' older shells write what a program prints. */
function inUtf8(content: Uint8Array): Uint8Array {
  const [one, two] = content;
  const encoding = one === 0xff && two === 0xfe ? "utf-16le" : one === 0xfe && two === 0xff ? "utf-16be" : undefined;
  return encoding === undefined ? content : Buffer.from(new TextDecoder(encoding).decode(content));
}

function attemptBinary(content: Uint8Array): TraceFile | undefined {
  try {
    return readBinary(content);
  } catch {
    return undefined;
  }
}

const HINT =
  "it reads Jaeger JSON, OTLP JSON, OTLP JSON lines, OTLP protobuf and what Tempo answers, each also in gzip";
const RECOGNISED_BYTES = 64 * 1024;
const [OPENING_BRACE, OPENING_BRACKET] = [0x7b, 0x5b];
/** All that a trace in protobuf has is in its first field, which has a length. */
const PROTOBUF_FIELD_1 = 0x0a;

function isBlank(byte: number): boolean {
  // Also the bytes of a mark that some programs put before UTF-8.
  return byte <= 0x20 || byte === 0xef || byte === 0xbb || byte === 0xbf;
}

function unpacked(bytes: Uint8Array): Uint8Array {
  try {
    const content =
      bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes, { maxOutputLength: TRACE_FILE_LIMIT }) : bytes;
    if (content.length <= TRACE_FILE_LIMIT) return content;
  } catch (error) {
    const isTooLarge = error instanceof RangeError;
    if (!isTooLarge) throw new LabError("bad-input", `it cannot be unpacked: ${messageOf(error)}`, { cause: error });
  }
  throw new LabError("bad-input", `it has more than ${TRACE_FILE_LIMIT / 1024 / 1024} MiB`, {
    hint: "split it, or export fewer traces",
  });
}

function readText(text: string): TraceFile {
  const problems = new Problems();
  let document: unknown;
  try {
    document = parseExactJson(text);
  } catch (error) {
    // Not to be read again in lines: the engine's own limit is that of each of them.
    if (error instanceof RangeError) throw new LabError("bad-input", "it is nested too deep", { hint: HINT });
    return readLines(text, messageOf(error));
  }
  const found = readDocument(document, "", problems.list);
  if (found === undefined) throw noTrace(text, `it is JSON, but no trace: ${shapeOf(document)}`);
  return fileOf(found.format, found.spans, problems);
}

interface Found {
  format: "Jaeger JSON" | "OTLP JSON";
  spans: TraceSpan[];
}

/** Undefined for what is no trace. Of a list, each element is read as a document would be. */
function readDocument(value: unknown, where: string, problems: string[]): Found | undefined {
  if (isOtlpDocument(value)) return { format: "OTLP JSON", spans: readOtlpDocument(value, where, problems) };
  if (isJaegerDocument(value)) return { format: "Jaeger JSON", spans: readJaegerDocument(value, where, problems) };
  if (isJaegerTrace(value)) return { format: "Jaeger JSON", spans: readJaegerTrace(value, where, problems) };
  if (isJaegerSpan(value)) return { format: "Jaeger JSON", spans: sole(readJaegerSpan(value), where, problems) };
  if (isOtlpSpan(value)) return { format: "OTLP JSON", spans: sole(readOtlpSpan(value), where, problems) };
  if (!Array.isArray(value)) return undefined;
  const read = value.map((each, index) => readDocument(each, `${where}[${index}]: `, problems));
  const found = read.filter((each) => each !== undefined);
  for (const [index, each] of read.entries()) if (each === undefined) problems.push(`${where}[${index}] is no trace`);
  const format = found[0]?.format;
  return format === undefined ? undefined : { format, spans: found.flatMap(({ spans }) => spans) };
}

function sole(span: TraceSpan | string, where: string, problems: string[]): TraceSpan[] {
  if (typeof span !== "string") return [span];
  problems.push(`${where}${span}`);
  return [];
}

/** A document or a span a line, as collectors and span processors append them. */
function readLines(text: string, whyNotWhole: string): TraceFile {
  const problems = new Problems();
  const spans: TraceSpan[] = [];
  let format: Found["format"] | undefined;
  for (const [index, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    const where = `line ${index + 1}: `;
    try {
      const found = readDocument(parseExactJson(line), where, problems.list);
      if (found === undefined) problems.list.push(`${where}no trace`);
      for (const span of found?.spans ?? []) spans.push(span);
      format ??= found?.format;
    } catch (error) {
      problems.list.push(`${where}no JSON: ${messageOf(error)}`);
    }
  }
  if (format === undefined) throw noTrace(text, `it is neither JSON nor lines of JSON: ${whyNotWhole}`);
  return fileOf(`${format} lines`, spans, problems);
}

function readBinary(content: Uint8Array): TraceFile {
  const problems = new Problems();
  try {
    const messages = messagesOf(content);
    const spans = messages.flatMap((message, at) =>
      readOtlpDocument(decodeOtlpTraces(message), messages.length > 1 ? `message ${at + 1}: ` : "", problems.list),
    );
    return fileOf("OTLP protobuf", spans, problems);
  } catch (error) {
    const text = Buffer.from(content.subarray(0, RECOGNISED_BYTES)).toString("utf8");
    throw noTrace(text, `it is neither JSON nor OTLP protobuf: ${messageOf(error)}`);
  }
}

/** What a file is instead, where that is known. */
function noTrace(text: string, why: string): LabError {
  return new LabError("bad-input", recogniseFile(text.slice(0, RECOGNISED_BYTES), "trace") ?? why, { hint: HINT });
}

function fileOf(format: TraceFile["format"], spans: readonly TraceSpan[], problems: Problems): TraceFile {
  const byTrace = Map.groupBy(spans, ({ traceId }) => traceId);
  const traces: Trace[] = [...byTrace].map(([traceId, its]) => ({
    traceId,
    spans: its.toSorted((one, other) => one.startUs - other.startUs),
  }));
  const startOf = ({ spans: [first] }: Trace) => first?.startUs ?? 0;
  return { format, traces: traces.toSorted((one, other) => startOf(one) - startOf(other)), problems: problems.shown() };
}

/** As many as a person reads; the others are counted. */
class Problems {
  readonly list: string[] = [];

  shown(): string[] {
    const more = this.list.length - PROBLEMS_LISTED;
    return more > 0 ? [...this.list.slice(0, PROBLEMS_LISTED), `and ${more} more`] : this.list;
  }
}

function shapeOf(value: unknown): string {
  if (!isObject(value)) return Array.isArray(value) ? "a list without traces" : `a ${typeof value}`;
  const names = Object.keys(value);
  return names.length === 0 ? "an empty object" : `an object with ${names.slice(0, 5).join(", ")}`;
}
