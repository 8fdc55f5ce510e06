import { z } from "zod";
import { OUTCOMES } from "../model/lab-event.ts";
import { problem } from "./errors.ts";

/** Characters; larger than any scenario written by a person. */
export const SCENARIO_SOURCE_LIMIT = 256 * 1024;

export const scenarioId = z
  .string()
  .max(200)
  .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, { error: "expected words in lower case joined by hyphens" });
const source = z.string().max(SCENARIO_SOURCE_LIMIT);
/** A file name without folder, looked up among those that `scenarios.list` reports as broken. */
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
  /** Two or three sentences: what fails, what should happen, why it matters. Empty when not given. */
  summary: z.string(),
  patterns: z.array(z.string()),
  /** The protection that it demonstrates; run without it to see the failure. */
  protection: z.string().nullable(),
  origin: z.enum(["shipped", "user"]),
  /** What it breaks, in the order of its method: "stop mock-slack". */
  breaks: z.array(z.string()),
  /** The roles and links between roles that it names, by which it runs on any stack that has them; empty when it names services. */
  needs: z.array(z.string()),
  stepCount: z.int(),
  checkCount: z.int(),
  /** What it names and the stack that is open does not have; null when it can run there. */
  lacks: z.string().nullable(),
  /** The last five, newest first. */
  lastVerdicts: z.array(verdict),
});
export type ScenarioSummary = z.infer<typeof scenarioSummary>;

/** A file in the user's folder that is not a valid scenario: shown, so that it can be fixed or deleted. */
export const brokenScenario = z.object({
  name: z.string(),
  problems: z.array(problem),
  /** Why its text cannot be edited here; null when it can. */
  cannotOpenBecause: z.string().nullable(),
});
export type BrokenScenario = z.infer<typeof brokenScenario>;

/** A broken file with its text, unchanged. */
export const brokenScenarioText = z.object({ name: z.string(), source: z.string() });
export type BrokenScenarioText = z.infer<typeof brokenScenarioText>;

export const scenarioCatalogue = z.object({
  scenarios: z.array(scenarioSummary),
  broken: z.array(brokenScenario),
});
export type ScenarioCatalogue = z.infer<typeof scenarioCatalogue>;

const contents = {
  /** Each condition as text, such as "gateway is up". */
  steadyState: z.array(z.string()),
  steps: z.array(
    z.object({ kind: z.string(), label: z.string(), say: z.string().nullable(), background: z.boolean() }),
  ),
  /** Each check as one YAML-like line. */
  checks: z.array(z.string()),
};
export const scenarioDetail = z.object({
  ...scenarioSummary.shape,
  ...contents,
  /** The file as written. For a case of a suite, the whole suite. */
  source: z.string(),
});
export type ScenarioDetail = z.infer<typeof scenarioDetail>;

/** What a scenario will touch on the stack, with every target resolved, before anything is done. */
export const scenarioPlan = z.array(
  z.object({
    step: z.string(),
    background: z.boolean(),
    /** What it calls or breaks, and at which address. */
    touches: z.string(),
    /** The effect on the target, how it is undone, and when at the latest; null for a step that is not a fault. */
    fault: z.object({ effect: z.string(), undo: z.string(), atMostMs: z.number() }).nullable(),
  }),
);
export type ScenarioPlan = z.infer<typeof scenarioPlan>;

export const scenarioValidation = z.object({
  problems: z.array(problem),
  /** What a valid text names and the lab's stack does not have. It can be saved: it may be for another stack. */
  stackProblems: z.array(problem),
  /** The scenarios it defines, when there are no problems. A suite has one for each case. */
  scenarios: z.array(
    z.object({ id: z.string(), title: z.string(), summary: z.string(), patterns: z.array(z.string()), ...contents }),
  ),
});
export type ScenarioValidation = z.infer<typeof scenarioValidation>;

export const scenarioIdRequest = z.strictObject({ id: scenarioId });
export const scenarioSourceRequest = z.strictObject({ source });
/** Saved in the user's folder under the id in the text; shipped scenarios are never overwritten. */
export const scenarioSaveRequest = z.strictObject({
  source,
  /** Overwrite the user's scenario with the same id. Without it, an id in use is refused. */
  replace: z.boolean().default(false),
  /** For a suite, whose text has no id: the prefix of the ids of its cases. */
  suiteName: scenarioId.optional(),
  /** The broken file that this text replaces: it is removed when the text is saved, under any name. */
  fixes: brokenName.optional(),
});
export const brokenScenarioRequest = z.strictObject({ name: brokenName });
