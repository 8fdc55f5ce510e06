/** The moments at which a lab can be killed around one fault: each a different state of the journal and of the target. */
export const KILL_POINTS = [
  "before the write",
  "after the write",
  "amid the apply",
  "after the apply",
  "amid the undo",
  "after the undo",
] as const;
export type KillPoint = (typeof KILL_POINTS)[number];

/** Environment variable that passes the kill point to the killable lab. */
export const KILL_POINT_VARIABLE = "LAB_KILL_POINT";
/** Environment variable; set when the lab's watchdog is to be killed with it. */
export const KILL_WATCHDOG_VARIABLE = "LAB_KILL_WATCHDOG";
