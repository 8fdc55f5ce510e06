import { LabError, type LabErrorCode } from "../lab-error.ts";
import type { ProcessIdentity } from "../process-identity.ts";
import type { StoreLocation } from "./history-threads.ts";

/** Start parameters of a worker thread. */
export interface WorkerSpec {
  role: "writer" | "reader" | "queue";
  location: StoreLocation;
  /** Owner of the runs that are started. */
  owner: ProcessIdentity;
}

/** A method call, or the cancellation of one. */
export type Request = { id: number; name: string; args: readonly unknown[] } | { cancel: number };

export type Reply = { id: number; value: unknown } | { id: number; error: ThrownError };

/** An error in the form that is sent between threads; a LabError stays one. */
interface ThrownError {
  message: string;
  stack: string | undefined;
  lab: { code: LabErrorCode; hint: string | undefined; windowHint: string | undefined } | undefined;
}

/** The database of the history and the queue is away. What was asked for was not done, and may be asked for again. */
export class StoreUnreachable extends LabError {}

export function toThrown(error: unknown): ThrownError {
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  const lab =
    error instanceof LabError ? { code: error.code, hint: error.hint, windowHint: error.windowHint } : undefined;
  return { message, stack, lab };
}

export function fromThrown({ message, stack, lab }: ThrownError): Error {
  if (lab === undefined) return Object.assign(new Error(message), { stack });
  const kind = lab.code === "unreachable" ? StoreUnreachable : LabError;
  return new kind(
    lab.code,
    message,
    lab.hint === undefined ? {} : { hint: { terminal: lab.hint, window: lab.windowHint ?? lab.hint } },
  );
}
