import { NO_ANNOTATIONS, type RunAnnotations } from "../../electron/model/annotations.ts";
import type { LabEvent } from "../../electron/model/lab-event.ts";
import type { TelemetryRecord } from "../../electron/model/telemetry.ts";
import type { RecordedRuns } from "../lab-client/recorded-runs.ts";

/** A run of this file. */
export interface RecordedRun {
  id: string;
  title: string;
  annotations: RunAnnotations;
}

/** The runs in this document, in its order: see electron/lab/bundles/viewer, which writes it. */
export function recordedRuns(document: Document): readonly RecordedRun[] {
  return [...document.querySelectorAll<HTMLScriptElement>("script[data-run]")].map(
    ({ textContent }) => JSON.parse(textContent) as RecordedRun,
  );
}

/** Each part is read when it is first asked for. */
export function recordedFile(document: Document): RecordedRuns {
  const runs = recordedRuns(document);
  return {
    annotations: (runId) => runs.find(({ id }) => id === runId)?.annotations ?? NO_ANNOTATIONS,
    events: kept((runId) => linesOf<LabEvent>(document, runId, "events")),
    telemetry: kept((runId) => linesOf<TelemetryRecord>(document, runId, "telemetry")),
  };
}

function kept<Item>(read: (runId: string) => Promise<Item[]> | undefined) {
  const parts = new Map<string, Promise<Item[]> | undefined>();
  return (runId: string) => {
    if (!parts.has(runId)) parts.set(runId, read(runId));
    return parts.get(runId);
  };
}

function linesOf<Item>(document: Document, runId: string, part: string): Promise<Item[]> | undefined {
  const block = document.querySelector(`script[data-${part}="${CSS.escape(runId)}"]`);
  return block === null ? undefined : inflatedLines(block.textContent);
}

/** Lines of JSON from base64 of zlib's format (RFC 1950). @throws where it is damaged or cut off */
async function inflatedLines<Item>(base64: string): Promise<Item[]> {
  const stream = new Blob([bytesOf(base64)])
    .stream()
    .pipeThrough(new DecompressionStream("deflate"))
    .pipeThrough(new TextDecoderStream());
  const items: Item[] = [];
  let rest = "";
  for await (const text of stream) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) items.push(JSON.parse(line) as Item);
  }
  return items;
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes;
}
