import { z } from "zod";
import { OUTCOMES } from "../model/lab-event.ts";
import { problem } from "./errors.ts";

/** Large enough for any scenario a person writes. */
export const SCENARIO_SOURCE_LIMIT = 256 * 1024;

export const scenarioId = z
  .string()
  .max(200)
  .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, { error: "expected words in lower case joined by hyphens" });
const source = z.string().max(SCENARIO_SOURCE_LIMIT);
/** A file's name alone, looked up among those that `scenarios.list` tells as broken. */
const brokenName = z
  .string()
  .max(255)
  .regex(/^[^/\\\p{Cc}]+\.ya?ml$/u, { error: "expected the plain name of a .yaml or .yml file, without a folder" });

export const verdict = z.object({
  runId: z.string(),
  outcome: z.enum(OUTCOMES),
  startedWallMs: z.number(),
  without: z.array(z.string()),
});
export type Verdict = z.infer<typeof verdict>;

/** A card of the catalogue. */
export const scenarioSummary = z.object({
  id: z.string(),
  title: z.string(),
  /** Two or three sentences: what fails, what should happen, why it matters. Empty when its writer gave none. */
  summary: z.string(),
  patterns: z.array(z.string()),
  /** The protection that it shows; run without it to see the failure. */
  protection: z.string().nullable(),
  origin: z.enum(["shipped", "user"]),
  /** What it breaks, in the order of its method: "stop mock-slack". */
  breaks: z.array(z.string()),
  stepCount: z.int(),
  checkCount: z.int(),
  /** The last five, newest first. */
  lastVerdicts: z.array(verdict),
});
export type ScenarioSummary = z.infer<typeof scenarioSummary>;

/** A file in the user's folder that is not a valid scenario: shown, so that it can be mended or deleted. */
export const brokenScenario = z.object({
  name: z.string(),
  problems: z.array(problem),
  /** Why its text cannot be edited here; null when it can. */
  cannotOpenBecause: z.string().nullable(),
});
export type BrokenScenario = z.infer<typeof brokenScenario>;

/** A broken file with its text as it is. */
export const brokenScenarioText = z.object({ name: z.string(), source: z.string() });
export type BrokenScenarioText = z.infer<typeof brokenScenarioText>;

export const scenarioCatalogue = z.object({
  scenarios: z.array(scenarioSummary),
  broken: z.array(brokenScenario),
});
export type ScenarioCatalogue = z.infer<typeof scenarioCatalogue>;

const outline = {
  /** Each demand in words, such as "gateway is up". */
  steadyState: z.array(z.string()),
  steps: z.array(z.object({ kind: z.string(), label: z.string(), background: z.boolean() })),
  /** Each check as one line of YAML-like words. */
  checks: z.array(z.string()),
};
export const scenarioDetail = z.object({
  ...scenarioSummary.shape,
  ...outline,
  /** The file as written. For one case of a suite, the whole suite. */
  source: z.string(),
});
export type ScenarioDetail = z.infer<typeof scenarioDetail>;

/** What a scenario will touch on the stack, with every target found, before anything is done. */
export const scenarioPlan = z.array(
  z.object({
    step: z.string(),
    background: z.boolean(),
    /** What it reaches or breaks, and at which address. */
    touches: z.string(),
    /** What becomes of the target, how it is put back, and when at the latest; null for a step that breaks nothing. */
    fault: z.object({ effect: z.string(), undo: z.string(), atMostMs: z.number() }).nullable(),
  }),
);
export type ScenarioPlan = z.infer<typeof scenarioPlan>;

export const scenarioValidation = z.object({
  problems: z.array(problem),
  /** What it would be, when there are no problems. A suite has one for each case. */
  scenarios: z.array(
    z.object({ id: z.string(), title: z.string(), summary: z.string(), patterns: z.array(z.string()), ...outline }),
  ),
});
export type ScenarioValidation = z.infer<typeof scenarioValidation>;

export const scenarioIdRequest = z.strictObject({ id: scenarioId });
export const scenarioSourceRequest = z.strictObject({ source });
/** Saved in the user's folder under the id that the text itself gives; the shipped ones are never written over. */
export const scenarioSaveRequest = z.strictObject({
  source,
  /** Write over a scenario of the user's own with the same id. Without it, an id in use is refused. */
  replace: z.boolean().default(false),
  /** For a suite, whose text gives no id: the first part of the ids of its cases. */
  suiteName: scenarioId.optional(),
  /** The broken file that this text was made from: it is gone when the text is saved, under whatever name. */
  mends: brokenName.optional(),
});
export const brokenScenarioRequest = z.strictObject({ name: brokenName });
