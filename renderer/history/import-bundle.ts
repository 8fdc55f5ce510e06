import type { ImportResult, Upload, VerifyResult } from "../../electron/contract/bundles.ts";
import type { OpenedTrace } from "../../electron/contract/traces.ts";
import { failureText } from "../lab-client/lab-failure.ts";

/** Stage of the import of a file. */
export type ImportStage = "sending" | "reading" | "verifying" | "importing";

/** What a file is by its first bytes; its name says nothing. `unknown` may be a trace in lines, or in protobuf. */
export type FileLook = "bundle" | "trace" | "unknown";

/** @param head the first bytes of the file */
export function lookOf(head: Uint8Array): FileLook {
  const [first, second] = head;
  // That it is empty is what the reader of traces says.
  if (first === undefined) return "trace";
  if (first === 0x50 && second === 0x4b) return "bundle";
  if (first === 0x1f && second === 0x8b) return "trace";
  return /^\s*[[{]/.test(new TextDecoder().decode(head)) ? "trace" : "unknown";
}

export type ImportOutcome =
  | ({ is: "imported"; fileName: string } & ImportResult)
  | { is: "opened"; fileName: string; trace: OpenedTrace }
  /** The file is damaged, too large or not a bundle: nothing was imported. */
  | { is: "refused"; fileName: string; problems: string[] }
  | { is: "failed"; fileName: string; message: string };

/** The lab's procedures that an import uses. */
export interface BundleDoor {
  upload(signal: AbortSignal): Promise<Upload>;
  verify(upload: string, signal: AbortSignal): Promise<VerifyResult>;
  import(upload: string): Promise<ImportResult>;
  openTrace(upload: string, signal: AbortSignal): Promise<OpenedTrace>;
}

/**
 * Uploads and verifies one file, and imports it only if it is valid. A failure is an outcome and not thrown, so that the
 * other files of a drop are still imported.
 * @throws the signal's reason, until the import itself
 */
export async function importBundle(
  door: BundleDoor,
  fileName: string,
  onStage: (stage: ImportStage) => void,
  signal: AbortSignal,
  look: FileLook = "bundle",
): Promise<ImportOutcome> {
  try {
    onStage("sending");
    const { upload } = await door.upload(signal);
    if (look !== "bundle") {
      onStage("reading");
      const opened = await door.openTrace(upload, signal).catch((error: unknown) => {
        // What is neither is refused as a bundle, which says what it is instead.
        if (look === "trace") throw error;
      });
      if (opened !== undefined) return { is: "opened", fileName, trace: opened };
    }
    onStage("verifying");
    const { isValid, problems } = await door.verify(upload, signal);
    if (!isValid) return { is: "refused", fileName, problems };
    signal.throwIfAborted();
    onStage("importing");
    return { is: "imported", fileName, ...(await door.import(upload)) };
  } catch (error) {
    signal.throwIfAborted();
    return { is: "failed", fileName, message: failureText(error) };
  }
}

/** Summary of an import in one line. */
export function importSummary({ imported, alreadyHere }: ImportResult): string {
  const runs = (count: number) => `${count} ${count === 1 ? "run" : "runs"}`;
  if (imported.length === 0 && alreadyHere.length === 0) return "The bundle has no runs";
  if (imported.length === 0)
    return `${runs(alreadyHere.length)} ${alreadyHere.length === 1 ? "is" : "are"} already in the history`;
  const rest = alreadyHere.length === 0 ? "" : `, ${alreadyHere.length} already in the history`;
  return `${runs(imported.length)} imported${rest}`;
}
