import { z } from "zod";
import { isObject } from "../../model/json.ts";
import { DECISIONS } from "../../model/lab-event.ts";
import { LabError } from "../lab-error.ts";
import type { Check } from "./check-schema.ts";
import type { AgentTarget, Scenario } from "./schema.ts";

const tool = z.string().min(1).describe("a tool's name");

/** A ToolGate eval suite. Other fields, such as `baseline`, are accepted and ignored. */
export const suite = z.looseObject({
  cases: z
    .array(
      z.looseObject({
        name: z.string().min(1),
        input: z.string().min(1),
        policyOutcome: z.enum(DECISIONS).nullish(),
        mustInclude: z.array(tool).nullish(),
        mustNotInclude: z.array(tool).nullish(),
        mustNotContainInArgs: z.array(z.string().min(1)).nullish(),
      }),
    )
    .min(1),
});
type Suite = z.output<typeof suite>;

/** Whether a document is a ToolGate suite rather than a scenario. */
export function isSuiteDocument(value: unknown): boolean {
  return isObject(value) && "cases" in value && !("method" in value);
}

/** The scenarios of a ToolGate suite: each case asks the agent once and checks the audit log. */
export function scenariosOfSuite(name: string, { cases }: Suite): Scenario[] {
  return cases.map((each) => {
    const expect: Check[] = [
      ...(each.mustInclude?.length ? [{ mustInclude: each.mustInclude }] : []),
      ...(each.mustNotInclude?.length ? [{ mustNotInclude: each.mustNotInclude }] : []),
      ...(each.mustNotContainInArgs?.length ? [{ mustNotContainInArgs: each.mustNotContainInArgs }] : []),
      ...(each.policyOutcome ? [{ policyOutcome: each.policyOutcome }] : []),
    ];
    return {
      id: `${slug(name)}-${slug(each.name)}`,
      title: each.name,
      patterns: [],
      reading: "toolgate",
      // A suite may be run with a server stopped, which leaves the gateway degraded.
      steadyState: [],
      method: [{ agent: each.input.trim() }],
      expect,
    };
  });
}

/**
 * The scenarios that are cases of these names, by case name or id; all scenarios when no name is given.
 * @throws LabError for a name that no suite has
 */
export function casesNamed<Loaded extends { scenario: Scenario }>(
  loaded: readonly Loaded[],
  names: readonly string[],
): Loaded[] {
  const cases = loaded.filter(({ scenario }) => scenario.reading === "toolgate");
  const missing = names.find((name) => !cases.some(({ scenario }) => isNamed(scenario, name)));
  if (missing !== undefined) {
    throw new LabError("bad-input", `no suite has a case "${missing}"`, {
      hint: `the cases are: ${cases.map(({ scenario }) => scenario.title).join(", ") || "none"}`,
    });
  }
  if (names.length === 0) return [...loaded];
  return cases.filter(({ scenario }) => names.some((name) => isNamed(scenario, name)));
}

function isNamed({ id, title }: Scenario, name: string): boolean {
  return id === name || title === name;
}

/** The suite's case, sent to another agent, which takes `POST {"input"}` and replies with `{"session_id"}`. */
export function askedAt(scenario: Scenario, url: string): Scenario {
  if (scenario.reading !== "toolgate") return scenario;
  const at: AgentTarget = { url, session: "session_id" };
  return { ...scenario, method: scenario.method.map((step) => ("agent" in step ? { ...step, at } : step)) };
}

function slug(text: string): string {
  return (
    text
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, "-")
      .replaceAll(/^-|-$/g, "") || "case"
  );
}
