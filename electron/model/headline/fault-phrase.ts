import { LIFECYCLE_FAULTS } from "../lifecycle-fault.ts";
import { calleeOf } from "../link-name.ts";
import type { RunView } from "../run-view.ts";
import type { Span } from "../span.ts";
import { displayName, joined } from "./display-name.ts";

/** Of a service: what follows its name, and what it is called once it is known. */
const OF_SERVICE: Record<(typeof LIFECYCLE_FAULTS)[number], { verb: string; server: string }> = {
  stop: { verb: "down", server: "the dead server" },
  kill: { verb: "killed", server: "the dead server" },
  pause: { verb: "frozen", server: "the frozen server" },
  disconnect: { verb: "cut off", server: "the unreachable server" },
  restart: { verb: "restarted", server: "the restarted server" },
};

type Phrase = (callee: string) => string;

/** Of a link, with the name of the service that is called. */
const OF_LINK = {
  latency: (callee) => `${callee} answers late`,
  bandwidth: (callee) => `the link to ${callee} is throttled`,
  slow_close: (callee) => `${callee} closes connections late`,
  timeout: (callee) => `the link to ${callee} is silent`,
  reset_peer: (callee) => `the link to ${callee} is reset`,
  slicer: (callee) => `replies of ${callee} come in slices`,
  limit_data: (callee) => `the link to ${callee} closes too soon`,
  http_status: (callee) => `${callee} answers with HTTP errors`,
  http_delay: (callee) => `${callee} answers late`,
  mcp_error: (callee) => `${callee} answers with errors`,
  malformed: (callee) => `${callee} sends a malformed reply`,
  truncated: (callee) => `${callee} sends a truncated reply`,
  session_lost: (callee) => `${callee} forgets a session`,
  session_rotated: (callee) => `${callee} changes session ids`,
  stream_cut: (callee) => `a stream from ${callee} is cut`,
  stream_stalled: (callee) => `a stream from ${callee} stalls`,
  stream_duplicated: (callee) => `a stream from ${callee} repeats events`,
  stream_split: (callee) => `a stream from ${callee} splits a character`,
  event_ids_skipped: (callee) => `a stream from ${callee} skips event ids`,
  get_stream_refused: (callee) => `${callee} refuses its stream`,
  reply_lost: (callee) => `a reply of ${callee} is lost`,
  request_lost: (callee) => `a request to ${callee} is lost`,
  tools_changed: (callee) => `${callee} changes its tools`,
  down: (callee) => `the link to ${callee} is down`,
} satisfies Record<string, Phrase>;

/** The faults on links that have words here: all of those there are, or the engine does not compile. */
export type PhrasedLinkFault = keyof typeof OF_LINK;

type Lifecycle = keyof typeof OF_SERVICE;
const isLifecycle = (kind: string): kind is Lifecycle => (LIFECYCLE_FAULTS as readonly string[]).includes(kind);

/** The faults that were in force, without those that only read a link. */
export function realFaults({ faults }: Pick<RunView, "faults">): Span<"fault">[] {
  return faults.filter(({ status, attributes }) => status !== "refused" && attributes.kind !== "observe");
}

/** `payments is down`, `payments and support are down`; undefined for a run without a fault. */
export function causeOf(view: RunView): string | undefined {
  const faults = realFaults(view);
  const phrases: string[] = [];
  const services = Map.groupBy(
    faults.filter(({ attributes }) => isLifecycle(attributes.kind)),
    ({ attributes }) => attributes.target,
  );
  const targets = Map.groupBy([...services], ([, own]) => stateOf(own));
  for (const [state, own] of targets) {
    const subjects = own.map(([target, faults]) => subjectOf(displayName(view, target), faults));
    const isPlural = subjects.length > 1 || subjects.some((each) => each.isPlural);
    phrases.push(`${joined(subjects.map(({ name }) => name))} ${isPlural ? state.plural : state.singular}`);
  }
  const links = faults.filter(({ attributes }) => !isLifecycle(attributes.kind));
  phrases.push(...new Set(links.map(({ attributes: { kind, target } }) => linkPhrase(view, kind, target))));
  return phrases.length === 0 ? undefined : joined(phrases, 2);
}

const COUNTS = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
const counted = (count: number) => COUNTS[count] ?? String(count);

/** `payments`; where a fault has broken only a part of it, `one of two containers of payments`. */
function subjectOf(name: string, [fault, ...more]: readonly Span<"fault">[]): { name: string; isPlural: boolean } {
  const { targeted, of } = fault?.attributes.containers ?? { targeted: 1, of: 1 };
  if (more.length > 0 || targeted >= of) return { name, isPlural: false };
  return { name: `${counted(targeted)} of ${counted(of)} containers of ${name}`, isPlural: targeted > 1 };
}

interface State {
  singular: string;
  plural: string;
}
const STATES = new Map<string, State>();

/** One object per text, so that it can be grouped by. */
function state(singular: string, plural: string): State {
  const known = STATES.get(singular) ?? { singular, plural };
  STATES.set(singular, known);
  return known;
}

function stateOf(faults: readonly Span<"fault">[]): State {
  const kinds = faults.map(({ attributes }) => attributes.kind as Lifecycle);
  const [kind = "stop"] = kinds;
  if (kinds.length > 1) return state(`went down ${kinds.length} times`, `went down ${kinds.length} times each`);
  const { verb } = OF_SERVICE[kind];
  return kind === "kill" || kind === "restart"
    ? state(`was ${verb}`, `were ${verb}`)
    : state(`is ${verb}`, `are ${verb}`);
}

function linkPhrase(view: RunView, kind: string, target: string): string {
  const callee = displayName(view, calleeOf(target));
  const phrases: Readonly<Record<string, Phrase>> = OF_LINK;
  return phrases[kind]?.(callee) ?? `${kind.replaceAll("_", " ")} on ${target}`;
}

/** What a call that failed because of the run's only fault has reached: `the dead server`. */
export function reachedServer(view: RunView): string {
  const faults = realFaults(view);
  const kinds = new Set(faults.map(({ attributes }) => attributes.kind));
  const [kind = ""] = kinds;
  return kinds.size === 1 && isLifecycle(kind) ? OF_SERVICE[kind].server : "the failing server";
}
