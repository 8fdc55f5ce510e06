/** What a person begins with who writes a scenario from nothing. */
export const NEW_SCENARIO = `id: my-scenario
title: What this scenario shows
summary: >
  What fails, what should happen, and why it matters.
patterns: [fail cleanly]
steadyState:
  - { service: gateway, is: up }
  - { service: payments-mcp, is: up }
method:
  - warm: gateway
  - fault: { stop: payments-mcp }
  - agent: Show me my recent charges.
expect:
  - policyOutcome: upstream_error
  - within: 20s
`;

/** The text of a copy: the same scenario under an id and a title of its own, comments and all. */
export function asCopy(source: string, id: string, taken: readonly string[]): string {
  return source
    .replace(/^# yaml-language-server:.*\n/, "")
    .replace(/^id:.*$/m, `id: ${freeId(`my-${id}`, taken)}`)
    .replace(/^title:[ \t]*(.*)$/m, (_, title: string) => `title: ${quoted(`${unquoted(title)} (my copy)`)}`);
}

function freeId(wanted: string, taken: readonly string[]): string {
  let id = wanted;
  for (let number = 2; taken.includes(id); number++) id = `${wanted}-${number}`;
  return id;
}

function unquoted(text: string): string {
  const inner = /^(["'])(.*)\1\s*$/.exec(text)?.[2];
  return inner ?? text.trimEnd();
}

/** Titles are plain words as a rule; those with signs that mean something in YAML are quoted. */
function quoted(text: string): string {
  return /[:#{}[\]&*!|>'"%@`]/.test(text) ? JSON.stringify(text) : text;
}

/** A suite's text has cases and no id: it is saved under a name that is asked for. */
export function isSuite(source: string): boolean {
  return /^cases[ \t]*:/m.test(source) && !/^method[ \t]*:/m.test(source);
}

/** The name that a suite was saved under, from the id of one of its cases, which ends in the case's own words. */
export function suiteNameOf(caseId: string, caseTitle: string): string {
  const words = caseTitle
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-|-$/g, "");
  return caseId.endsWith(`-${words}`) ? caseId.slice(0, -words.length - 1) : caseId;
}

/** The title as it is written, also in a text that is not valid; undefined when there is none on a line of its own. */
export function titleIn(source: string): string | undefined {
  const text = /^title:[ \t]+(.*)$/m.exec(source)?.[1];
  return text === undefined || text.trim() === "" ? undefined : unquoted(text);
}
