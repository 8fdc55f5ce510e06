import { z } from "zod";

/** Preferences, kept in the data folder. */
export const settings = z.strictObject({
  theme: z.enum(["system", "light", "dark"]),
  /** Notify when runs finish, where the host can. */
  notifications: z.boolean(),
  /** The stack stays up when the lab is quit. Takes effect when the stack is next brought up. */
  keepStackUp: z.boolean(),
  /** `fixed`: those of the stack file; `auto`: any free ports; `fixed or auto`: free ports when those are taken. */
  ports: z.enum(["fixed", "auto", "fixed or auto"]),
  /** Runs started afterwards are recorded without redaction, secrets included; they are marked and cannot be exported. */
  keepRunsRaw: z.boolean(),
  /** Runs kept in the history; older ones are deleted, pinned ones kept. */
  historyLimit: z.int().min(10).max(100_000),
  /** The name under which this person decides approvals. */
  operator: z.string().regex(/^(?! )[\p{L}\p{M}\p{N} .,'’_-]{1,80}(?<! )$/u, {
    error: "expected 1 to 80 letters, digits, spaces, dots, commas, apostrophes, dashes and underscores",
  }),
});
export type Settings = z.infer<typeof settings>;
export const settingsChange = settings.partial();
export type SettingsChange = z.infer<typeof settingsChange>;
