import { z } from "zod";

/** An attribute of a fault, such as the duration of a latency; named as in a scenario. */
export const faultAttribute = z.object({
  name: z.string(),
  /** `duration` is written with its unit: 500ms, 5s. */
  type: z.enum(["duration", "whole number", "number", "text", "choice"]),
  choices: z.array(z.union([z.string(), z.number()])),
  required: z.boolean(),
  description: z.string(),
});
export type FaultAttribute = z.infer<typeof faultAttribute>;

/** A kind of fault that the page offers for a service or a link. */
export const faultKind = z.object({
  kind: z.string(),
  on: z.enum(["service", "link"]),
  /** Its effect, shown after the target's name: "payments-mcp stopped". */
  effect: z.string(),
  /** How it is undone. */
  undo: z.string(),
  attributes: z.array(faultAttribute),
});
export type FaultKindInfo = z.infer<typeof faultKind>;

/** A fault that is in force now. */
export const faultInForce = z.object({
  id: z.string(),
  kind: z.string(),
  target: z.string(),
  undo: z.string(),
  /** Of a service in several containers, how many it targets; null for any other. */
  containers: z.int().nullable(),
  sinceWallMs: z.number(),
  /** When it is undone automatically. */
  expiresWallMs: z.number(),
  /** The run that it belongs to; null for one that `resilience-lab break` has left in force. */
  runId: z.string().nullable(),
  /** Applied by a person and not by a scenario. */
  isManual: z.boolean(),
});
export type FaultInForce = z.infer<typeof faultInForce>;

export const undoReport = z.object({
  undone: z.int(),
  /** What could not be restored, as text; empty when everything was. */
  residue: z.array(z.string()),
});
export type UndoReport = z.infer<typeof undoReport>;
