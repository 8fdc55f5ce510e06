import { isObject } from "./json.ts";
import { calleeOf } from "./link-name.ts";
import { faultsInForce, type RunView, servicesOf } from "./run-view.ts";
import type { Span } from "./span.ts";

/** A service of the stage at a moment. */
export interface StageService {
  name: string;
  role: string;
  status: Span<"health">["status"];
  /** Ids of the faults on it. */
  faults: readonly Span<"fault">[];
  /** Calls that wait at it for a person. */
  held: number;
}

export interface StageLink {
  name: string;
  from: string;
  to: string;
  faults: readonly Span<"fault">[];
}

/** A call that was open at the moment: on a link, or at a service where the link is unknown or it is held. */
export interface StageCall {
  id: string;
  name: string;
  link: string | undefined;
  service: string | undefined;
  /** Since it started. */
  openMs: number;
}

/** What the map of a run shows at a moment. */
export interface Stage {
  services: readonly StageService[];
  links: readonly StageLink[];
  calls: readonly StageCall[];
  /** The newest answer of the agent, and who gave it. */
  said: { by: string; text: string } | undefined;
}

/** The stage at `ms` of a run, from its newest view: what was open then is known from when it ended. */
export function stageAt(view: RunView, ms: number): Stage {
  const faults = faultsInForce(view.faults, ms).filter(({ attributes }) => attributes.kind !== "observe");
  const links = linksOf(view);
  const roles = new Map(view.started?.services.map(({ name, role }) => [name, role]));
  const gateway = [...roles].find(([, role]) => role === "gateway")?.[0];
  const agent = [...roles].find(([, role]) => role === "agent")?.[0];
  const held = view.approvals.filter((span) => isAt(span, ms));
  const calls = callsAt(view, ms).map((call) => {
    const isHeld = held.some(
      ({ attributes }) => "callId" in call.attributes && attributes.callId === call.attributes.callId,
    );
    return stageCall(call, { ms, links, gateway: gateway ?? "", isHeld });
  });
  return {
    services: servicesOf(view).map((name) => ({
      ...{ name, role: roles.get(name) ?? "other" },
      status: view.health.findLast((span) => span.name === name && span.startMs <= ms)?.status ?? "unknown",
      faults: faults.filter(({ attributes }) => attributes.target === name),
      held: name === gateway ? held.length : 0,
    })),
    links: links.map((name) => ({
      ...{ name, from: name.split("->")[0] ?? "", to: calleeOf(name) },
      faults: faults.filter(({ attributes }) => attributes.target === name),
    })),
    calls,
    said: agent === undefined ? undefined : answerAt(view, ms, agent),
  };
}

/** The calls that were open at the moment: those that a gateway records, else those that were read on links. */
export function callsAt(view: RunView, ms: number): (Span<"call"> | Span<"wire">)[] {
  const all: readonly (Span<"call"> | Span<"wire">)[] =
    view.calls.length > 0 ? view.calls : view.wireCalls.filter(({ attributes }) => attributes.isCounted);
  return all.filter((span) => isAt(span, ms));
}

function isAt({ startMs, endMs }: { startMs: number; endMs: number }, ms: number): boolean {
  return startMs <= ms && ms < endMs;
}

/** Those of the stack, as it was started with; of an older run those of its faults and calls. */
function linksOf(view: RunView): string[] {
  const met = [...view.faults, ...view.wireCalls].map((span) =>
    "target" in span.attributes ? span.attributes.target : span.attributes.link,
  );
  return [...new Set([...(view.started?.links ?? []), ...met.filter((name) => name.includes("->"))])];
}

function stageCall(
  span: Span<"call"> | Span<"wire">,
  { ms, links, gateway, isHeld }: { ms: number; links: readonly string[]; gateway: string; isHeld: boolean },
): StageCall {
  const common = { id: span.id, name: span.name, openMs: ms - span.startMs };
  if (span.kind === "wire") return { ...common, link: (span as Span<"wire">).attributes.link, service: undefined };
  const { backend } = (span as Span<"call">).attributes;
  const link = links.find((name) => {
    const [from, to = ""] = name.split("->");
    return from === gateway && (to === backend || to.startsWith(`${backend}-`)) && backend !== "";
  });
  return isHeld || link === undefined
    ? { ...common, link: undefined, service: gateway }
    : { ...common, link, service: undefined };
}

function answerAt({ steps }: RunView, ms: number, by: string): Stage["said"] {
  const last = steps.findLast(({ attributes, endMs }) => attributes.kind === "agent" && endMs <= ms);
  const output = last?.attributes.output;
  const answer = isObject(output) ? output.answer : undefined;
  return typeof answer === "string" && answer !== "" ? { by, text: answer } : undefined;
}
