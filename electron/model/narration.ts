import type { LabEvent } from "./lab-event.ts";
import type { RunView } from "./run-view.ts";
import { visibleLine } from "./visible-text.ts";

/**
 * What an audience reads at a moment of a run: its opening, then the sentence of the newest step that has one, and at the end
 * its closing, if it passed: what a closing says holds for a run that passes. Undefined for a run without narration.
 */
export function narrationOf({ started, steps, ended }: RunView): string | undefined {
  const { opening, closing } = started?.scenario ?? {};
  const said = steps.findLast(({ attributes }) => attributes.say !== undefined)?.attributes.say ?? opening;
  const text = ended === undefined ? said : ended.outcome === "passed" ? closing : undefined;
  return text === undefined ? undefined : visibleLine(text);
}

/** What an audience reads with an event as it happens. */
export class Narrator {
  #closing: string | undefined;

  /** Undefined for an event that says nothing. */
  take(event: LabEvent): string | undefined {
    const text = this.#textOf(event);
    return text === undefined ? undefined : visibleLine(text);
  }

  #textOf(event: LabEvent): string | undefined {
    switch (event.type) {
      case "run.started":
        this.#closing = event.scenario.closing;
        return event.scenario.opening;
      case "step.started":
        return event.say;
      case "run.ended":
        return event.outcome === "passed" ? this.#closing : undefined;
      default:
        return undefined;
    }
  }
}
