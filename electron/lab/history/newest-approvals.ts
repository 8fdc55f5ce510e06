import type { DecidedApproval } from "../../contract/approvals.ts";
import { MANUAL_SCENARIO_ID } from "../../contract/runs.ts";
import { APPROVAL_RESULTS, type ApprovalResult, isApprovalResult } from "../../model/approval-result.ts";
import { typesOpening } from "../../model/catalogue/catalogue.ts";
import { codeOf } from "./event-codes.ts";
import type { RunColumns } from "./run-columns.ts";

/** Codes of the events that can open an approval. */
export const APPROVAL_CODES: readonly number[] = typesOpening("approval").map((type) => codeOf(type) ?? -1);
export const APPROVAL_DECISIONS: readonly string[] = ["approvalRequired", ...APPROVAL_RESULTS];

/** A row of the audit log, as recorded in a run. */
export interface Decision {
  callId: string;
  tool: string;
  arguments: unknown;
  sessionId: string;
  decision: ApprovalResult | "approvalRequired";
  reason: string;
  decidedWallMs: number;
}

export interface Found {
  row: string;
  key: number;
  decision: Decision & { decision: ApprovalResult };
  requestedWallMs: number | null;
}

/** Collects the newest decisions, run by run, each with the time of its request. */
export class NewestApprovals {
  readonly #limit: number;
  readonly #beforeWallMs: number;
  /** Scenario ids by run key. */
  readonly #runs: ReadonlyMap<number, string>;
  /** By the audit row's identity. */
  #found = new Map<string, Found>();
  #run: number | undefined;
  readonly #requestedAtMs = new Map<string, number>();

  constructor(limit: number, beforeWallMs: number, runs: readonly [number, string][]) {
    this.#limit = limit;
    this.#beforeWallMs = beforeWallMs;
    // There are also events of runs that are being imported or removed.
    this.#runs = new Map(runs);
  }

  take(key: number, decision: Decision): void {
    if (!this.#runs.has(key)) return;
    if (key !== this.#run) this.#requestedAtMs.clear();
    this.#run = key;
    const { callId, decidedWallMs } = decision;
    if (isResult(decision)) {
      if (decidedWallMs >= this.#beforeWallMs) return;
      const row = JSON.stringify([callId, decision.sessionId, decision.decision, decidedWallMs]);
      const isManual = this.#runs.get(key) === MANUAL_SCENARIO_ID;
      if (isManual && this.#found.has(row)) return;
      this.#found.set(row, { row, key, decision, requestedWallMs: this.#requestedAtMs.get(callId) ?? null });
      if (this.#found.size > 4 * this.#limit) this.#found = new Map(this.sorted().map((found) => [found.row, found]));
    } else if (!this.#requestedAtMs.has(callId)) {
      this.#requestedAtMs.set(callId, decidedWallMs);
    }
  }

  sorted(): Found[] {
    return [...this.#found.values()]
      .sort((a, b) => b.decision.decidedWallMs - a.decision.decidedWallMs)
      .slice(0, this.#limit);
  }
}

function isResult(decision: Decision): decision is Found["decision"] {
  return isApprovalResult(decision.decision);
}

export type NamedRun = Pick<RunColumns, "id" | "scenario_id" | "scenario_title">;

export function toDecided({ decision, requestedWallMs }: Found, run: NamedRun): DecidedApproval {
  return {
    runId: run.id,
    scenarioId: run.scenario_id,
    scenarioTitle: run.scenario_title,
    callId: String(decision.callId),
    tool: String(decision.tool),
    arguments: decision.arguments,
    sessionId: String(decision.sessionId),
    requestedWallMs,
    decidedWallMs: decision.decidedWallMs,
    result: decision.decision,
    reason: String(decision.reason),
  };
}
