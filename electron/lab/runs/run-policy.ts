/** How a run treats what it has not caused itself. */
export interface RunPolicy {
  /** Resets services that support it before the method, so that all runs start from the same state. */
  resetsServices: boolean;
  /** Time limit in milliseconds, after which the run ends as an error. Undefined: no limit. */
  limitMs: number | undefined;
  /** Restarts a fault proxy that dies, unless the run itself has broken it. */
  revivesProxy: boolean;
  /** Includes decisions on calls that started before the run. */
  takesEarlierCalls: boolean;
  /** Accepts damage from before the run; a service that cannot be reset is reported and left unchanged. */
  acceptsDamage: boolean;
  /** Faults of other runs count as damage; else they are left to those runs. */
  countsOtherRuns: boolean;
}

/** No scenario should take longer; one that hangs must not block the stack forever. */
const SCENARIO_LIMIT_MS = 30 * 60_000;

export const SCENARIO_POLICY: RunPolicy = {
  resetsServices: true,
  limitMs: SCENARIO_LIMIT_MS,
  revivesProxy: true,
  takesEarlierCalls: false,
  acceptsDamage: false,
  countsOtherRuns: true,
};

/** A ToolGate suite runs on the stack as it is: outages are made before it. */
export const SUITE_POLICY: RunPolicy = { ...SCENARIO_POLICY, acceptsDamage: true };

/** A person breaks a stack in use and watches: nothing is reset, revived or left out. */
export const MANUAL_POLICY: RunPolicy = {
  resetsServices: false,
  limitMs: undefined,
  revivesProxy: false,
  takesEarlierCalls: true,
  acceptsDamage: true,
  countsOtherRuns: false,
};
