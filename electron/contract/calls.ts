import { z } from "zod";

/** A tool as the gateway lists it. */
export const listedTool = z.object({
  name: z.string(),
  description: z.string(),
  /** Arguments that its schema makes likely, as JSON text to be edited. */
  example: z.string(),
  /** JSON Schema of its arguments, as the gateway says it. */
  inputSchema: z.record(z.string(), z.unknown()),
});
export type ListedTool = z.infer<typeof listedTool>;

export const callRequest = z.strictObject({
  tool: z.string().min(1).max(500),
  arguments: z.record(z.string(), z.json()),
});
export type CallRequest = z.infer<typeof callRequest>;

export const promptRequest = z.strictObject({ prompt: z.string().trim().min(1).max(20_000) });

export const callAnswer = z.object({
  ok: z.boolean(),
  /** Of a call: `ok`, or what the gateway or the tool has decided instead. Of a prompt: `answered` or `no answer`. */
  decision: z.string(),
  /** The text of the reply or of the error. */
  detail: z.string(),
  durationMs: z.number(),
  /** The manual session that has it; null while nothing is broken manually. */
  runId: z.string().nullable(),
});
export type CallAnswer = z.infer<typeof callAnswer>;
