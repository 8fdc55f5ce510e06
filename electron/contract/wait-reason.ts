import { z } from "zod";

/** Why a run has not started: shown as it is. `next` is what to do about it. */
export const waitReason = z.object({ why: z.string(), next: z.string().nullable() });
export type WaitReason = z.infer<typeof waitReason>;
