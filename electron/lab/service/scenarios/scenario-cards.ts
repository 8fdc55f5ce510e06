import type { ScenarioDetail, ScenarioSummary, ScenarioValidation, Verdict } from "../../../contract/scenarios.ts";
import { visibleLine, visibleText } from "../../../model/visible-text.ts";
import { parseYaml } from "../../documents/yaml-document.ts";
import { requestedFault } from "../../faults/requested-fault.ts";
import type { RunStore } from "../../history/run-store.ts";
import { describeSteady, describeStep } from "../../scenarios/describe.ts";
import { type LoadedScenario, loadText } from "../../scenarios/load.ts";
import { neededRoles, onStack, withNames } from "../../scenarios/roles.ts";
import { kindOf, type Scenario } from "../../scenarios/schema.ts";
import { stackProblems } from "../../scenarios/stack-problems.ts";
import type { Stack } from "../../stacks/stack-file.ts";
import { type Listed, placesOf, problemsOf } from "./scenario-library.ts";

const VERDICTS = 5;

/** A scenario as a card of the catalogue shows it. */
export async function toCard({ loaded, origin }: Listed, history: RunStore, stack: Stack): Promise<ScenarioSummary> {
  const { id, title, summary, patterns, protection, method, expect } = loaded.scenario;
  const { scenario: here } = onStack(loaded.scenario, stack);
  const ended = await history.lastVerdicts(id, VERDICTS);
  return {
    id,
    title: visibleLine(title),
    summary: visibleText(summary ?? ""),
    patterns: patterns.map(visibleLine),
    protection: protection ?? null,
    origin,
    breaks: breaksOf(here),
    needs: neededRoles(loaded.scenario),
    stepCount: method.length,
    checkCount: expect.length,
    lacks: lacksOn(loaded, stack),
    lastVerdicts: ended.flatMap(({ id: runId, outcome, startedWallMs, without }) => {
      return outcome === null ? [] : [{ runId, outcome, startedWallMs, without } satisfies Verdict];
    }),
  };
}

/** A protection is only what can be switched off. */
const NEEDED = ["service", "link", "role", "tool", "unreported"] as const;

/** By scenario, as it was found for the stack that was asked about last: a catalogue is read after each run. */
const LACKS = new WeakMap<LoadedScenario, { stack: Stack; lacks: string | null }>();

function lacksOn(loaded: LoadedScenario, stack: Stack): string | null {
  const known = LACKS.get(loaded);
  if (known?.stack === stack) return known.lacks;
  const [first, ...more] = stackProblems([loaded], stack, NEEDED);
  const lacks = first === undefined ? null : `${first.message}${more.length > 0 ? ` (and ${more.length} more)` : ""}`;
  LACKS.set(loaded, { stack, lacks });
  return lacks;
}

export async function toDetail(listed: Listed, history: RunStore, stack: Stack): Promise<ScenarioDetail> {
  return {
    ...(await toCard(listed, history, stack)),
    ...previewOf(listed.loaded, stack),
    source: listed.loaded.source,
  };
}

/**
 * What a text would be as a scenario, or what is wrong with it, by itself and on a stack. Never throws: an editor asks with
 * every pause.
 */
export function validate(source: string, stack: Stack): ScenarioValidation {
  try {
    const loaded = loadText(source, "suite.yaml");
    const scenarios = loaded.map((each) => {
      const { id, title, summary, patterns } = each.scenario;
      return {
        id,
        title: visibleLine(title),
        summary: visibleText(summary ?? ""),
        patterns,
        ...previewOf(each, stack),
      };
    });
    return { problems: [], stackProblems: placesOf(stackProblems(loaded, stack)), scenarios };
  } catch (error) {
    return { problems: problemsOf(error), stackProblems: [], scenarios: [] };
  }
}

function breaksOf({ method }: Scenario): string[] {
  return method.flatMap((step) => {
    if (!("fault" in step)) return [];
    const { kind, target } = requestedFault(step.fault);
    return [`${kind} ${target}`];
  });
}

function previewOf({ scenario: asWritten, source, file }: LoadedScenario, stack: Stack) {
  const { scenario, roles } = onStack(asWritten, stack);
  const written = checksAsWritten(source, file);
  return {
    steadyState: scenario.steadyState.map(describeSteady),
    steps: scenario.method.map((step) => ({
      kind: kindOf(step),
      label: describeStep(step),
      say: step.say ?? null,
      background: step.background ?? false,
    })),
    checks: scenario.expect.map((check, index) => withNames(inOneLine(written[index] ?? check), roles)),
  };
}

/** Durations have become milliseconds in the scenario that was read; a person wrote `20s` and wants to see that. */
function checksAsWritten(source: string, file: string): unknown[] {
  const { value } = parseYaml(source, file);
  const { expect } = value as { expect?: unknown };
  return Array.isArray(expect) ? expect : [];
}

function inOneLine(check: unknown): string {
  return Object.entries(check as object)
    .map(([name, value]) => `${name}: ${plain(value)}`)
    .join(", ");
}

function plain(value: unknown): string {
  if (Array.isArray(value)) return value.map(plain).join(", ");
  if (typeof value !== "object" || value === null) return String(value);
  return `{ ${Object.entries(value)
    .map(([name, inner]) => `${name}: ${plain(inner)}`)
    .join(", ")} }`;
}
