import { z } from "zod";
import { PACES } from "./runs.ts";

export const playlistId = z
  .string()
  .max(60)
  .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, { error: "expected words in lower case joined by hyphens" });

/** A set of scenarios that are run in order. */
export const playlistSummary = z.object({
  id: z.string(),
  title: z.string(),
  origin: z.enum(["shipped", "user"]),
  /** Ids of its scenarios, in order. */
  scenarioIds: z.array(z.string()),
  /** Number of its runs: a scenario that is run first without a protection has two. */
  runs: z.int(),
});
export type PlaylistSummary = z.infer<typeof playlistSummary>;

export const playlistList = z.object({ playlists: z.array(playlistSummary) });
export const playlistPlayRequest = z.strictObject({ id: playlistId, pace: z.enum(PACES).default("none") });
export const playlistSaveRequest = z.strictObject({
  title: z.string().trim().min(1).max(100),
  scenarioIds: z.array(z.string().max(200)).min(1).max(100),
  /** Each is run first without these, then with every protection. Empty: once, with every protection. */
  firstWithout: z.array(z.string().min(1).max(100)).max(50).default([]),
});
export const playlistIdRequest = z.strictObject({ id: playlistId });
