import type { ImportResult, Upload, VerifyResult } from "../../electron/contract/bundles.ts";
import { LabFailure } from "../lab-client/lab-failure.ts";

/** What is being done with a file that was given. */
export type ImportStage = "sending" | "verifying" | "importing";

export type ImportOutcome =
  | ({ is: "imported"; fileName: string } & ImportResult)
  /** The file is damaged, too large or no bundle: nothing of it was taken. */
  | { is: "refused"; fileName: string; problems: string[] }
  | { is: "failed"; fileName: string; message: string; hint: string | null };

/** The parts of the lab that an import needs. */
export interface BundleDoor {
  upload(signal: AbortSignal): Promise<Upload>;
  verify(upload: string, signal: AbortSignal): Promise<VerifyResult>;
  import(upload: string): Promise<ImportResult>;
}

/**
 * Gives one file to the lab, has it verified, and takes it in only when nothing is wrong with it. A failure is an outcome
 * and not thrown, so that the other files of a drop still get their turn.
 * @throws the signal's reason, until the file is being taken in
 */
export async function importBundle(
  door: BundleDoor,
  fileName: string,
  onStage: (stage: ImportStage) => void,
  signal: AbortSignal,
): Promise<ImportOutcome> {
  try {
    onStage("sending");
    const { upload } = await door.upload(signal);
    onStage("verifying");
    const { isValid, problems } = await door.verify(upload, signal);
    if (!isValid) return { is: "refused", fileName, problems };
    signal.throwIfAborted();
    onStage("importing");
    return { is: "imported", fileName, ...(await door.import(upload)) };
  } catch (error) {
    signal.throwIfAborted();
    const message = error instanceof Error ? error.message : String(error);
    return { is: "failed", fileName, message, hint: error instanceof LabFailure ? error.hint : null };
  }
}

/** One line about how an import went. */
export function importedWords({ imported, alreadyHere }: ImportResult): string {
  const runs = (count: number) => `${count} ${count === 1 ? "run" : "runs"}`;
  if (imported.length === 0 && alreadyHere.length === 0) return "It holds no runs";
  if (imported.length === 0)
    return `${runs(alreadyHere.length)} of it ${alreadyHere.length === 1 ? "is" : "are"} here already`;
  const rest = alreadyHere.length === 0 ? "" : `, ${alreadyHere.length} here already`;
  return `${runs(imported.length)} imported${rest}`;
}
