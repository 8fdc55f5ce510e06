import { isScalar, parseDocument, type Range, visit } from "yaml";
import type { LabEvent } from "../events/lab-event.ts";
import { isCardNumber, isHarmless, isSecretName, MAY_HOLD_SECRET, REDACTED, SECRET_RULES } from "./secret-rules.ts";

/** Shorter values are words that stand for other things too. */
const LEARN_CHARS = 8;
const LEARNED_LIMIT = 500;
/** No private key is longer: the end of this one was lost. */
const KEY_LINES_LIMIT = 200;
/** Identifiers of OpenTelemetry: hexadecimal, and now and then all digits as a card's number is. */
const TRACE_ID = /^[0-9a-f]{16}(?:[0-9a-f]{16})?$/;

/**
 * Takes secrets out of what leaves the lab, and counts them. It is made for one run: the values that the stack file
 * gives to secrets are learned, so that they are found later where nothing names them. Redacting twice changes nothing.
 */
export class Redactor {
  /** How often each kind was taken out. */
  readonly counts = new Map<string, number>();
  #total = 0;
  readonly #learned = new Set<string>();
  #learnedPattern: RegExp | undefined;
  /** Services that are in the middle of printing a private key, line by line, with how many lines it may still have. */
  readonly #inKey = new Map<string, number>();

  text(text: string): string {
    const known = this.#learnedPattern;
    if (known !== undefined) text = text.replaceAll(known, () => this.#take("secret of the stack file"));
    if (!MAY_HOLD_SECRET.test(text)) return text;
    const json = /^\s*[[{]/.test(text) ? this.#jsonText(text) : text;
    return this.#plainText(json);
  }

  /** Text that is JSON: its keys name secrets more surely than any pattern does. */
  #jsonText(text: string): string {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      return text;
    }
    const before = this.#total;
    const redacted = this.value(value);
    return this.#total === before ? text : JSON.stringify(redacted);
  }

  #plainText(text: string): string {
    for (const { kind, pattern, replace } of SECRET_RULES) {
      text = text.replaceAll(pattern, (match: string, ...groups) => {
        const replaced = replace(match, ...(groups as string[]));
        if (replaced !== match) this.#count(kind);
        return replaced;
      });
    }
    return text;
  }

  /** JSON without secrets; what holds none is returned as it is. */
  value(value: unknown, name = ""): unknown {
    if (Array.isArray(value)) return value.map((item) => this.value(item, name));
    if (typeof value === "object" && value !== null) return this.#record(value, name);
    if (typeof value !== "string" && typeof value !== "number") return value;
    if (isSecretName(name)) return isHarmless(name, String(value)) ? value : this.#take("named secret");
    if (typeof value === "string") return this.text(value);
    return isCardNumber(String(value)) ? this.#take("card number") : value;
  }

  #record(record: object, name: string): object {
    const entries = Object.entries(record);
    const above = isSecretName(name) ? name : "";
    // `{name: "token", value: "..."}`, as headers and variables are often listed.
    const label = entries.find(([key, value]) => (key === "name" || key === "key") && typeof value === "string")?.[1];
    const redacted = entries.map(([key, value]) => {
      const isLabelled = key === "value" && typeof label === "string" && isSecretName(label);
      return [key, this.value(value, isLabelled ? label : above || key)];
    });
    return Object.fromEntries(redacted);
  }

  /** A YAML file as written, comments and all, its secrets taken out; their values are learned. */
  yaml(source: string): string {
    return this.text(this.#withoutNamedScalars(source));
  }

  #withoutNamedScalars(source: string): string {
    const document = parseDocument(source, { logLevel: "silent", uniqueKeys: false });
    if (document.errors.length > 0) return source;
    const places: { range: Range; isBlock: boolean }[] = [];
    visit(document, {
      Pair: (_, { key, value }) => {
        const name = isScalar(key) ? String(key.value) : "";
        if (!isSecretName(name) || value === null) return undefined;
        visit(value as Parameters<typeof visit>[0], {
          Scalar: (place, scalar) => {
            const text = String(scalar.value);
            if (place === "key" || !scalar.range || isHarmless(name, text)) return;
            this.#learn(text);
            places.push({ range: scalar.range, isBlock: scalar.type?.startsWith("BLOCK") ?? false });
          },
        });
        return visit.SKIP;
      },
    });
    // From the end, so that the places before stay where they are.
    for (const { range, isBlock } of places.sort((a, b) => b.range[0] - a.range[0])) {
      const [start, end] = range;
      source = `${source.slice(0, start)}${this.#take("named secret")}${isBlock ? "\n" : ""}${source.slice(end)}`;
    }
    return source;
  }

  /** A secret's value; of `${NAME:-value}` the value. */
  #learn(written: string): void {
    const value = /^\$\{\w+:?-(.*)\}$/.exec(written)?.[1] ?? written;
    if (value.length < LEARN_CHARS || /^[a-z]+$/i.test(value) || this.#learned.size >= LEARNED_LIMIT) return;
    this.#learned.add(value);
    const longestFirst = [...this.#learned].sort((a, b) => b.length - a.length);
    this.#learnedPattern = new RegExp(longestFirst.map(escaped).join("|"), "g");
  }

  /**
   * One line of the run's log, as it goes into the bundle, and the event that it says. Most lines hold no secret and are
   * looked at once, as text.
   */
  event(event: LabEvent): { event: LabEvent; line: string } {
    const line = JSON.stringify(event);
    if (this.#isCalm(line)) return { event, line };
    const redacted = this.#redactEvent(event);
    return { event: redacted, line: JSON.stringify(redacted) };
  }

  #isCalm(line: string): boolean {
    if (this.#inKey.size > 0 || MAY_HOLD_SECRET.test(line)) return false;
    // In a line of JSON a value with a quote or a backslash is not spelled as it was learned.
    return this.#learnedPattern === undefined || (line.search(this.#learnedPattern) === -1 && !line.includes("\\"));
  }

  #redactEvent(event: LabEvent): LabEvent {
    const fields = Object.entries(event).map(([key, value]) => {
      // What ties events together stays as it is, and so do the numbers that a reader counts on.
      if (key === "runId" || key === "type" || typeof value === "number") return [key, value];
      if ((key === "traceId" || key === "spanId") && TRACE_ID.test(String(value))) return [key, value];
      return [key, typeof value === "string" ? this.text(value) : this.value(value)];
    });
    const redacted = Object.fromEntries(fields) as LabEvent;
    return redacted.type === "service.log" ? this.#withoutKeyLines(event as typeof redacted, redacted) : redacted;
  }

  /** A private key is printed over many lines, and only the first and the last of them say so. */
  #withoutKeyLines<Line extends { service: string; stream: string; line: string }>(raw: Line, redacted: Line): Line {
    const source = `${raw.service} ${raw.stream}`;
    const linesLeft = this.#inKey.get(source) ?? 0;
    if (linesLeft > 0) this.#inKey.set(source, linesLeft - 1);
    if (/-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----/.test(raw.line)) this.#inKey.set(source, KEY_LINES_LIMIT);
    if (/-----END [A-Z ]{0,30}PRIVATE KEY-----/.test(raw.line) || linesLeft === 1) this.#inKey.delete(source);
    if (linesLeft === 0 || redacted.line === REDACTED) return redacted;
    return { ...redacted, line: this.#take("private key") };
  }

  #take(kind: string): string {
    this.#count(kind);
    return REDACTED;
  }

  #count(kind: string): void {
    this.#total++;
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
  }
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\/-]/g, "\\$&");
}
