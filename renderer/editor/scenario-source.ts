/** Template of a new scenario. */
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

/** The text of a copy: the same scenario with its own id and title, comments included. */
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

/** Quotes titles with characters that are special in YAML. */
function quoted(text: string): string {
  return /[:#{}[\]&*!|>'"%@`]/.test(text) ? JSON.stringify(text) : text;
}

/** A suite's text has cases and no id: it is saved under a name that the person enters. */
export function isSuite(source: string): boolean {
  return /^cases[ \t]*:/m.test(source) && !/^method[ \t]*:/m.test(source);
}

/** The name of a saved suite, from the id of one of its cases, which ends with the case's title. */
export function suiteNameOf(caseId: string, caseTitle: string): string {
  const suffix = caseTitle
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-|-$/g, "");
  return caseId.endsWith(`-${suffix}`) ? caseId.slice(0, -suffix.length - 1) : caseId;
}

/** The title as written, also in an invalid text; undefined without one on its own line. */
export function titleIn(source: string): string | undefined {
  const text = /^title:[ \t]+(.*)$/m.exec(source)?.[1];
  return text === undefined || text.trim() === "" ? undefined : unquoted(text);
}
