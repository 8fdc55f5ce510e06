import { z } from "zod";

/** What a person chose, kept in the data folder. */
export const settings = z.strictObject({
  theme: z.enum(["system", "light", "dark"]),
  /** Of finished runs, where the host can. */
  notifications: z.boolean(),
  /** The stack stays up when the lab is quit. Takes effect when the stack is next brought up. */
  keepStackUp: z.boolean(),
  /** `fixed`: those of the stack file; `auto`: any that are free; `fixed or auto`: any free ones when those are taken. */
  ports: z.enum(["fixed", "auto", "fixed or auto"]),
  /** Runs are recorded as they are, secrets and all. They say so, and cannot be exported. Of runs that start from then on. */
  keepRunsRaw: z.boolean(),
  /** Runs kept in the history; the oldest beyond it go, pinned ones stay. */
  historyLimit: z.int().min(10).max(100_000),
  /** Under which name this person decides approvals. */
  operator: z.string().regex(/^[\w.-]{1,80}$/, { error: "expected letters, digits, dots, dashes and underscores" }),
});
export type Settings = z.infer<typeof settings>;
export const settingsChange = settings.partial();
export type SettingsChange = z.infer<typeof settingsChange>;
