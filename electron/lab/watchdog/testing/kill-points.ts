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

/** How the killable lab is told of it, through its environment. */
export const KILL_POINT_VARIABLE = "LAB_KILL_POINT";
/** Set when the lab's watchdog is to die with it. */
export const KILL_WATCHDOG_VARIABLE = "LAB_KILL_WATCHDOG";
