import { DECISIONS } from "../../model/lab-event.ts";
import type { Path } from "../documents/yaml-document.ts";
import { entranceOf, findWithRole, isProxied, type Stack } from "../stacks/stack-file.ts";
import { observedLinks } from "./observed-links.ts";
import { byName, type Check, type CheckName, type CheckOf, type Scenario, type Step } from "./schema.ts";

/** Where a run reads calls and the decisions on them. */
export interface CallSources {
  /** The gateway's record: then calls are those with a decision, and no others count. */
  decisions: boolean;
  /** The scenario itself makes calls. */
  ownCalls: boolean;
  /** Links on which a `tools/call` counts. */
  links: readonly string[];
}

type Observing = Pick<Scenario, "observe" | "method">;

/**
 * A call is counted once, where it is made: by the scenario's own steps, and on the links to the gateway. Where there are
 * neither, calls on all links that are read count.
 */
export function callSources(scenario: Observing, stack: Pick<Stack, "services" | "links">): CallSources {
  const decisions = stack.services.some(({ role }) => role === "audit-log");
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

type Need = "decisions" | "calls" | undefined;

const WHY: Record<Exclude<Need, undefined>, string> = {
  decisions: "it needs decisions, and nothing in the stack records them: no service has the role audit-log",
  calls:
    "it counts calls, and nothing reports any: the stack records no decisions, and the scenario makes no call and observes no link; add observe: [caller->callee]",
};

/** What a scenario reads and its stack does not report, each with its place in the file. */
export function unreported(
  scenario: Scenario,
  stack: Pick<Stack, "services" | "links">,
): { path: Path; message: string }[] {
  const { decisions, ownCalls, links } = callSources(scenario, stack);
  const isReported = { decisions, calls: decisions || ownCalls || links.length > 0 };
  const needs: { path: Path; need: Need }[] = [
    ...scenario.method.map((step, index) => ({ path: ["method", index], need: needOfStep(step) })),
    ...scenario.expect.map((check, index) => ({ path: ["expect", index], need: needOf(check) })),
  ];
  return needs.flatMap(({ path, need }) =>
    need === undefined || isReported[need] ? [] : [{ path, message: WHY[need] }],
  );
}

function needOfStep(step: Step): Need {
  if ("check" in step) return needOf(step.check);
  if (!("wait" in step) || typeof step.wait === "number") return undefined;
  return "service" in step.wait ? undefined : "decisions";
}

const needOf = (check: Check): Need => byName(NEEDS, check);

const CALLS = (): Need => "calls";
const DECIDED = (): Need => "decisions";
const NOTHING = (): Need => undefined;

const NEEDS: { [Name in CheckName]: (check: CheckOf<Name>) => Need } = {
  mustInclude: CALLS,
  mustNotInclude: CALLS,
  trajectory: CALLS,
  count: ({ count }) => (count.decision === undefined ? "calls" : "decisions"),
  ratio: ({ ratio }) => ((DECISIONS as readonly string[]).includes(ratio.of) ? "decisions" : "calls"),
  policyOutcome: DECIDED,
  mustNotContainInArgs: DECIDED,
  decisions: DECIDED,
  within: NOTHING,
  service: NOTHING,
  answer: NOTHING,
  call: NOTHING,
  http: NOTHING,
  faultHit: NOTHING,
};
