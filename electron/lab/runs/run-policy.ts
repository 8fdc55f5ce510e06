/** How a run treats what it has not done itself. */
export interface RunPolicy {
  /** Services that can be reset are, before the method: runs begin alike. */
  resetsServices: boolean;
  /** In milliseconds; a run that takes longer ends as an error. Undefined for one that lasts as long as a person wants. */
  limitMs: number | undefined;
  /** A fault proxy that dies is started again, unless the run itself has broken it. */
  revivesProxy: boolean;
  /** Decisions of calls that had begun before the run are of it as well. */
  takesEarlierCalls: boolean;
  /** Faults of other runs are damage; else they are those runs' own to undo. */
  mindsOtherRuns: boolean;
}

/** No scenario is meant to take longer; one that does would hold the stack for ever. */
const SCENARIO_LIMIT_MS = 30 * 60_000;

export const SCENARIO_POLICY: RunPolicy = {
  resetsServices: true,
  limitMs: SCENARIO_LIMIT_MS,
  revivesProxy: true,
  takesEarlierCalls: false,
  mindsOtherRuns: true,
};

/** A person breaks into what goes on, and watches what becomes of it: nothing of it is reset, revived or left out. */
export const MANUAL_POLICY: RunPolicy = {
  resetsServices: false,
  limitMs: undefined,
  revivesProxy: false,
  takesEarlierCalls: true,
  mindsOtherRuns: false,
};
