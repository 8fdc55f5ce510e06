import { LabError, type LabErrorOptions } from "../lab-error.ts";

/** Why a file is refused, for tests and for callers that handle one reason separately. */
export type RefusalReason =
  | "unreadable"
  | "not a bundle"
  | "truncated"
  | "newer format"
  | "too large"
  | "too many entries"
  | "too dense"
  | "bad path"
  | "not a file"
  | "encrypted"
  | "overlapping entries"
  | "duplicate entry"
  | "undeclared entry"
  | "missing entry"
  | "wrong size"
  | "wrong hash"
  | "bad manifest"
  | "bad run"
  | "bad event"
  | "bad telemetry"
  | "event gap"
  | "conflict";

/** A refused bundle. Nothing of it was imported. */
export class BundleProblem extends LabError {
  readonly reason: RefusalReason;

  constructor(reason: RefusalReason, message: string, options: LabErrorOptions = {}) {
    super(reason === "newer format" ? "unsupported" : "bad-input", message, options);
    this.name = "BundleProblem";
    this.reason = reason;
  }
}
