/** Follows the table of intents: the same input always makes the same calls, so runs are comparable. */
import { type ArgumentTemplate, type Intent, intents, type SlotName, slots } from "./intents.ts";
import type { Planner, PlanOutcome, Toolbox } from "./planner.ts";
import { failure, notAvailable, success } from "./sentences.ts";

type Structured = Record<string, unknown>;

export const scriptedPlanner: Planner = {
  async plan(input, toolbox, signal) {
    const intent = findIntent(input);
    return intent ? follow(intent, input, toolbox, signal) : notUnderstood();
  },
};

export function findIntent(input: string): Intent | undefined {
  const text = input.trim();
  return intents.find(({ pattern, needs = [] }) => pattern.test(text) && needs.every((slot) => readSlot(slot, text)));
}

async function follow(intent: Intent, input: string, toolbox: Toolbox, signal: AbortSignal): Promise<PlanOutcome> {
  const results = new Map<string, Structured>();
  const sentences: string[] = [];
  const end = (sentence?: string): PlanOutcome => {
    return { intent: intent.name, answer: [...sentences, ...(sentence ? [sentence] : [])].join(" ") };
  };
  for (const { tool, arguments: templates, unless } of intent.steps) {
    signal.throwIfAborted();
    if (unless !== undefined && listIn(results, unless).length > 0) {
      return end(`${unless.because}, so ${tool} was not called.`);
    }
    if (!toolbox.tools.some(({ name }) => name === tool)) return end(notAvailable(tool, toolbox.missing));
    const args: Record<string, unknown> = {};
    for (const [name, template] of Object.entries(templates)) {
      const { value, missing } = fill(template, input, results);
      if (missing !== undefined) return end(`There is no ${missing}, so ${tool} was not called.`);
      if (value !== undefined) args[name] = value;
    }
    const { record, structured } = await toolbox.call(tool, args);
    if (record.outcome === "error") return end(failure(record));
    results.set(tool, structured);
    sentences.push(success(record, structured));
  }
  return end();
}

interface Filled {
  value?: unknown;
  /** Set if an earlier result did not contain the value. */
  missing?: string;
}

function fill(template: ArgumentTemplate, input: string, results: ReadonlyMap<string, Structured>): Filled {
  if ("value" in template) return { value: template.value };
  if ("input" in template) return { value: input };
  if ("slot" in template) return { value: readSlot(template.slot, input) ?? template.otherwise };
  const found = listIn(results, template).find((entry) =>
    Object.entries(template.where).every(([key, value]) => entry[key] === value),
  );
  const value = found?.[template.take];
  return value === undefined ? { missing: template.called.replace(/^an? /, "") } : { value };
}

function listIn(results: ReadonlyMap<string, Structured>, { from, list }: { from: string; list: string }) {
  const entries = results.get(from)?.[list];
  return Array.isArray(entries) ? (entries as Structured[]) : [];
}

function readSlot(slot: SlotName, input: string): string | number | undefined {
  const match = slots[slot].exec(input);
  if (!match) return undefined;
  if (slot === "cents") return Number(match[1]);
  return match[0].toLowerCase();
}

function notUnderstood(): PlanOutcome {
  const examples = intents.map(({ example }) => `- ${example}`).join("\n");
  return {
    intent: "unknown",
    answer: `I did not understand that and called no tool. I understand, for example:\n${examples}`,
  };
}
