import { isObject } from "./json.ts";
import type { RunView } from "./run-view.ts";
import { isOpen, lastedUntil, type Span } from "./span.ts";

/** A turn of an agent in a run: a step that asks it, with the tools that it called. Times on the run's clock. */
export interface RunTurn {
  id: string;
  asked: string;
  toolUses: readonly { name: string; arguments: unknown }[];
  /** Empty where it gave none. */
  answer: string;
  startMs: number;
  endMs: number;
  hasEnded: boolean;
}

/** The turns of a run, in the order of their steps. */
export function turnsOf(view: RunView): RunTurn[] {
  return view.steps
    .filter(({ attributes }) => attributes.kind === "agent")
    .map((step) => ({
      id: step.attributes.step,
      ...askedAndAnswered(step),
      toolUses: view.calls
        .filter(({ parent, attributes }) => parent === step.id && attributes.decisions.length > 0)
        .map(({ name, attributes }) => ({ name, arguments: attributes.arguments })),
      startMs: step.startMs,
      endMs: lastedUntil(step, view.lastMs),
      hasEnded: !isOpen(step),
    }));
}

/** What a step asked an agent, by its report or its label, and what was answered. */
export function askedAndAnswered({ name, attributes: { output } }: Span<"step">): { asked: string; answer: string } {
  const report = isObject(output) ? output : {};
  const asked = typeof report.input === "string" ? report.input : (/^agent: "(.*)"$/s.exec(name)?.[1] ?? name);
  return { asked, answer: typeof report.answer === "string" ? report.answer : "" };
}
