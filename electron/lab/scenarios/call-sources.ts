import { DECISIONS } from "../../model/lab-event.ts";
import type { Path } from "../documents/yaml-document.ts";
import {
  type DecisionField,
  type DecisionsSpec,
  describeDecisions,
  reportedDecisions,
} from "../stacks/decisions-spec.ts";
import { entranceOf, findWithRole, isProxied, type Stack } from "../stacks/stack-file.ts";
import { byName, type Check, type CheckName, type CheckOf } from "./check-schema.ts";
import { observedLinks } from "./observed-links.ts";
import type { Scenario, Step } from "./schema.ts";

/** Where a run reads calls and the decisions on them. */
export interface CallSources {
  /** The gateway's record: then calls are those with a decision, and no others count. */
  decisions: boolean;
  /** The scenario itself makes calls. */
  ownCalls: boolean;
  /** Links on which a `tools/call` counts. */
  links: readonly string[];
}

/** Whether something in the stack reports decisions. */
export function recordsDecisions({ services, decisions }: Pick<Stack, "services" | "decisions">): boolean {
  return decisions !== undefined || services.some(({ role }) => role === "audit-log");
}

type Observing = Pick<Scenario, "observe" | "method">;

/**
 * A call is counted once, where it is made: by the scenario's own steps, and on the links to the gateway. Where there are
 * neither, calls on all links that are read count.
 */
export function callSources(scenario: Observing, stack: Pick<Stack, "services" | "links" | "decisions">): CallSources {
  const decisions = recordsDecisions(stack);
  const ownCalls = scenario.method.some((step) => "call" in step || "storm" in step);
  if (decisions) return { decisions, ownCalls, links: [] };
  const observed = observedLinks(scenario).map(({ link }) => link);
  const read = stack.links.filter((link) => isProxied(link) || observed.includes(link.name));
  const gateway = findWithRole(stack, "gateway")?.name;
  // Its own calls pass the entrance, too.
  const isOwn = (name: string) => ownCalls && gateway !== undefined && entranceOf(stack, gateway)?.name === name;
  const toGateway = read.filter(({ to, name }) => to === gateway && !isOwn(name));
  const links = toGateway.length > 0 || ownCalls ? toGateway : read;
  return { decisions, ownCalls, links: links.map(({ name }) => name) };
}

interface Need {
  of: "decisions" | "calls";
  /** Decisions that have to be reported for the check to mean anything. */
  reported?: readonly string[];
  /** A field of the record. */
  field?: DecisionField;
}

/** What a scenario reads and its stack does not report, each with its place in the file. */
export function unreported(
  scenario: Scenario,
  stack: Pick<Stack, "services" | "links" | "decisions">,
): { path: Path; message: string }[] {
  const sources = callSources(scenario, stack);
  const needs: { path: Path; need: Need | undefined }[] = [
    ...scenario.method.map((step, index) => ({ path: ["method", index], need: needOfStep(step) })),
    ...scenario.expect.map((check, index) => ({ path: ["expect", index], need: needOf(check) })),
  ];
  return needs.flatMap(({ path, need }) => {
    const message = need && whyUnreported(need, sources, stack.decisions);
    return message === undefined ? [] : [{ path, message }];
  });
}

function whyUnreported(
  { of, reported = [], field }: Need,
  { decisions, ownCalls, links }: CallSources,
  spec: DecisionsSpec | undefined,
): string | undefined {
  if (of === "calls" && !decisions && !ownCalls && links.length === 0) {
    return "it counts calls, and nothing reports any: the stack records no decisions, and the scenario makes no call and observes no link; add observe: [caller->callee]";
  }
  if (of === "decisions" && !decisions) {
    return "it needs decisions, and nothing in the stack records them: no service has the role audit-log, and x-lab.decisions names no other record";
  }
  if (spec === undefined) return undefined;
  const source = describeDecisions(spec);
  const never = reported.find((each) => !reportedDecisions(spec).includes(each));
  if (never !== undefined) {
    return `it needs the decision ${never}, which ${source} never reports: x-lab.decisions.words has no word for it`;
  }
  if (field === undefined || spec.fields[field] !== undefined) return undefined;
  return `it needs ${field}, which ${source} does not report: x-lab.decisions.fields names none`;
}

function needOfStep(step: Step): Need | undefined {
  if ("check" in step) return needOf(step.check);
  if (!("wait" in step) || typeof step.wait === "number") return undefined;
  if ("service" in step.wait || "http" in step.wait) return undefined;
  return "decision" in step.wait ? decided(step.wait.decision) : decided();
}

const needOf = (check: Check): Need | undefined => byName(NEEDS, check);

const CALLS = (): Need => ({ of: "calls" });
const NOTHING = () => undefined;
const decided = (...reported: string[]): Need => ({ of: "decisions", reported });

const NEEDS: { [Name in CheckName]: (check: CheckOf<Name>) => Need | undefined } = {
  mustInclude: CALLS,
  mustNotInclude: CALLS,
  trajectory: CALLS,
  evaluate: CALLS,
  count: ({ count }) => (count.decision === undefined ? CALLS() : decided(count.decision)),
  ratio: ({ ratio }) => ((DECISIONS as readonly string[]).includes(ratio.of) ? decided(ratio.of, ratio.to) : CALLS()),
  policyOutcome: ({ policyOutcome }) => decided(policyOutcome),
  mustNotContainInArgs: () => ({ of: "decisions", field: "arguments" }),
  decisions: ({ decisions }) => decided(...decisions.map((row) => row.slice(row.lastIndexOf(" ") + 1))),
  either: ({ either }) =>
    either
      .flat()
      .map(needOf)
      .find((need) => need !== undefined),
  within: NOTHING,
  service: NOTHING,
  answer: NOTHING,
  call: NOTHING,
  http: NOTHING,
  faultHit: NOTHING,
};
