import { formatDuration } from "../../model/duration.ts";
import type { Decision, EventOf, LabEvent, LabEventType, Outcome } from "../../model/lab-event.ts";
import { harmless, type Paint, type Style } from "./paint.ts";

const DECISION_STYLE: Record<Decision, Style> = {
  allow: "green",
  redact: "green",
  approved: "green",
  approvalRequired: "yellow",
  expired: "gray",
  denied: "red",
  deny: "red",
  upstream_error: "red",
  budgetExceeded: "magenta",
};

const OUTCOME_STYLE: Record<Outcome, Style> = {
  passed: "green",
  failed: "red",
  inconclusive: "yellow",
  precondition: "yellow",
  residue: "red",
  cancelled: "yellow",
  interrupted: "yellow",
  error: "red",
};

type Line = [what: string, text: string];
type Describe<Type extends LabEventType> = (event: EventOf<Type>, paint: Paint) => Line | undefined;

/** What of each event is worth a line. Log lines are kept in the history and not shown. */
const LINES: { [Type in LabEventType]?: Describe<Type> } = {
  "step.started": ({ label, background }) => ["step", `${label}${background ? " (goes on in the background)" : ""}`],
  "step.ended": ({ outcome, error, output }, paint) => {
    if (outcome !== "ok") return ["step", paint("red", `${outcome}: ${error ?? ""}`)];
    const text = answerOf(output);
    return text === undefined ? undefined : ["answer", text];
  },
  "health.changed": ({ service, from, to, reason }, paint) => {
    if (from === "unknown" && to === "up") return undefined;
    const style = to === "up" ? "green" : to === "down" ? "red" : "yellow";
    return ["health", `${service} ${from} -> ${paint(style, to)}  ${paint("dim", reason)}`];
  },
  "fault.intended": ({ kind, target, undo }, paint) => ["fault", `${paint("red", kind)} ${target}  (undo: ${undo})`],
  "fault.hit": ({ link, effect, tool }) => ["hit", `${link}${tool ? ` ${tool}` : ""}: ${effect}`],
  "fault.undone": ({ result, detail }, paint) => [
    result === "refused" ? "fault" : "undo",
    `${paint(result === "restored" ? "green" : "red", result)}: ${detail}`,
  ],
  "call.decided": ({ tool, decision, reason }, paint) => [
    "decision",
    `${tool} -> ${paint(DECISION_STYLE[decision], decision)}${reason ? `  ${paint("dim", reason)}` : ""}`,
  ],
  "check.evaluated": ({ check, passed, inconclusive, expected, observed }, paint) => {
    if (inconclusive !== undefined) {
      return ["check", `${paint("yellow", "INCONCLUSIVE")} ${check}: expected ${expected}; ${inconclusive}`];
    }
    if (passed) return ["check", `${paint("green", "ok")} ${check}: ${shorten(observed)}`];
    return ["check", `${paint("red", "FAILED")} ${check}: expected ${expected}; observed ${observed}`];
  },
  warning: ({ message }, paint) => ["warning", paint("yellow", message)],
};

const SHORT = 100;

function shorten(text: string): string {
  return text.length <= SHORT ? text : `${text.slice(0, SHORT)}...`;
}

function answerOf(output: unknown): string | undefined {
  if (typeof output !== "object" || output === null || !("answer" in output)) return undefined;
  return typeof output.answer === "string" ? output.answer.replaceAll(/\s+/g, " ") : undefined;
}

const WHAT_WIDTH = 9;

/** Prints a run as it happens, a line an event: when, what, and the words of it. */
export class RunPrinter {
  readonly #write: (line: string) => void;
  readonly #paint: Paint;

  constructor(write: (line: string) => void, paint: Paint) {
    this.#write = write;
    this.#paint = paint;
  }

  take(event: LabEvent): void {
    if (event.type === "run.started") this.#heading(event);
    else if (event.type === "run.ended") this.#ending(event);
    else this.#line(event);
  }

  #line(event: LabEvent): void {
    const describe = LINES[event.type] as Describe<LabEventType> | undefined;
    const line = describe?.(event, this.#paint);
    if (line === undefined) return;
    const [what, text] = line;
    const time = `${(event.atMs / 1000).toFixed(2).padStart(7)} s`;
    this.#write(`${this.#paint("dim", time)}  ${what.padEnd(WHAT_WIDTH)} ${oneLine(text)}`);
  }

  #heading({ scenario, without, engine, raw }: EventOf<"run.started">): void {
    const off = without.length > 0 ? this.#paint("yellow", `  (without ${without.join(", ")})`) : "";
    const isElsewhere = engine?.startsWith("REMOTE") ?? false;
    const where = isElsewhere ? this.#paint("red", `  (on ${engine})`) : "";
    const kept = raw ? this.#paint("yellow", "  (kept raw: not redacted, cannot be exported)") : "";
    this.#write("");
    this.#write(`${this.#paint("bold", scenario.id)}  ${oneLine(scenario.title)}${off}${where}${kept}`);
    if (scenario.patterns.length > 0) this.#write(this.#paint("dim", `patterns: ${scenario.patterns.join(", ")}`));
  }

  #ending({ outcome, reason, atMs }: EventOf<"run.ended">): void {
    const word = this.#paint([OUTCOME_STYLE[outcome], "bold"] as Style, outcome.toUpperCase());
    this.#write(`${word} in ${formatDuration(atMs)}${outcome === "passed" ? "" : `  ${oneLine(reason)}`}`);
  }
}

/** Colour codes are ours and stay; everything else that could move the cursor goes. */
function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: splits at our own colour codes
  const parts = text.split(/(\u001b\[\d+(?:;\d+)*m)/);
  return parts.map((part, index) => (index % 2 === 1 ? part : harmless(part.replaceAll("\n", " ")))).join("");
}
