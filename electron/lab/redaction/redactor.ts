import { isLogLine } from "../../model/catalogue/catalogue.ts";
import type { LabEvent } from "../../model/lab-event.ts";
import type { TelemetryRecord } from "../../model/telemetry.ts";
import { isCardNumber } from "./checksums.ts";
import { findSecrets } from "./find-secrets.ts";
import { LearnedSecrets } from "./learned-secrets.ts";
import { mayHoldSecret } from "./may-hold-secret.ts";
import { hasPlaceholder, Placeholders, splitAtPlaceholders } from "./placeholder.ts";
import { PrivateKeyLines } from "./private-key-lines.ts";
import { YamlValues } from "./redact-yaml.ts";
import { isHarmless, isSecretName } from "./secret-names.ts";

/**
 * Maximum number of characters of one text that are searched, at most about a microsecond each. The rest is unsearched, and
 * therefore dropped.
 */
const TEXT_LIMIT = 1_000_000;
/** Identifiers of OpenTelemetry: hexadecimal, sometimes only digits like a card's number. */
const TRACE_ID = /^[0-9a-f]{16}(?:[0-9a-f]{16})?$/;
/** Fields that link a span or a log record; the events of a span have times. */
const TELEMETRY_IDS = new Set(["record", "joinedBy", "traceId", "spanId", "parentId", "kind", "events"]);
/** Fields that link events are not changed. */
const LINKING_FIELDS = new Set(["runId", "type", "callId", "sessionId", "turnId", "rowId", "fault", "step"]);

/**
 * Replaces secrets by placeholders that name their kind. One instance per run: equal values get equal placeholders, and the
 * values of secrets in the stack file and the scenario are found in any later text. Idempotent.
 */
export class Redactor {
  readonly #placeholders = new Placeholders();
  readonly #learned = new LearnedSecrets();
  readonly #keyLines = new PrivateKeyLines();

  /** Learns the values of secrets by their names, to find them in any text. */
  learn(values: Readonly<Record<string, string>>): void {
    for (const [name, value] of Object.entries(values)) {
      if (isSecretName(name) && !isHarmless(name, value)) this.#learned.learn(value);
    }
  }

  text(text: string): string {
    if (text.length > TEXT_LIMIT) text = cut(text);
    if (this.#learned.areIn(text)) text = this.#learned.replace(text, (value) => this.#take("stack-secret", value));
    if (!mayHoldSecret(text)) return text;
    return this.#plainText(/^\s*[[{]/.test(text) ? this.#jsonText(text) : text);
  }

  /** Redacts JSON text by its keys, which is more reliable than patterns. */
  #jsonText(text: string): string {
    try {
      const value: unknown = JSON.parse(text);
      const redacted = this.value(value);
      return redacted === value ? text : JSON.stringify(redacted);
    } catch {
      return text;
    }
  }

  #plainText(text: string): string {
    if (!hasPlaceholder(text)) return this.#replaceFound(text);
    this.#placeholders.skip(text);
    return splitAtPlaceholders(text)
      .map((piece, index) => (index % 2 === 0 ? this.#replaceFound(piece) : piece))
      .join("");
  }

  #replaceFound(text: string): string {
    let redacted = "";
    let from = 0;
    for (const { start, end, kind } of findSecrets(text)) {
      redacted += text.slice(from, start) + this.#take(kind, text.slice(start, end));
      from = end;
    }
    return from === 0 ? text : redacted + text.slice(from);
  }

  /** A span or a log record that is kept with a run; its ids and times are not changed. */
  telemetry(record: TelemetryRecord): TelemetryRecord {
    const line = JSON.stringify(record);
    const isShort = line.length <= TEXT_LIMIT;
    if (isShort && !mayHoldSecret(line) && !this.#learned.areIn(line)) return record;
    const redacted = this.#withoutSecrets(record);
    return record.record === "span"
      ? ({ ...redacted, events: record.events.map((event) => this.#withoutSecrets(event)) } as TelemetryRecord)
      : (redacted as TelemetryRecord);
  }

  #withoutSecrets(part: object): object {
    const entries = Object.entries(part).map(([key, value]) => {
      if (TELEMETRY_IDS.has(key) || typeof value === "number") return [key, value];
      return [key, typeof value === "string" ? this.text(value) : this.value(value)];
    });
    return Object.fromEntries(entries);
  }

  /** A JSON value without secrets; the same object when it has none. */
  value(value: unknown, name = ""): unknown {
    if (Array.isArray(value))
      return unlessSame(
        value,
        value.map((item) => this.value(item, name)),
      );
    if (typeof value === "object" && value !== null) return this.#record(value, name);
    if (typeof value !== "string" && typeof value !== "number") return value;
    if (isSecretName(name)) return isHarmless(name, String(value)) ? value : this.#take("named-secret", String(value));
    if (typeof value === "string") return this.text(value);
    return isCardNumber(String(value)) ? this.#take("card-number", String(value)) : value;
  }

  #record(record: object, name: string): object {
    const entries = Object.entries(record);
    const above = isSecretName(name) ? name : "";
    // `{name: "token", value: "..."}`, a common form of headers and variables.
    const label = entries.find(([key, value]) => (key === "name" || key === "key") && typeof value === "string")?.[1];
    const redacted = entries.map(([key, value]) => {
      const isLabelled = key === "value" && typeof label === "string" && isSecretName(label);
      // Keys are untrusted text too.
      return [this.text(key), this.value(value, isLabelled ? label : above || key)] as const;
    });
    const isSame = redacted.every(([key, value], index) => key === entries[index]?.[0] && value === entries[index][1]);
    return isSame ? record : Object.fromEntries(redacted);
  }

  /** The text of a YAML file, including comments, with its secrets replaced; the values of its secrets are learned. */
  yaml(source: string | YamlValues): string {
    const values = typeof source === "string" ? new YamlValues(source) : source;
    const isNamed = (text: string, name: string) => isSecretName(name) && !isHarmless(name, text);
    // All are learned first, since a secret may occur before it is named.
    values.each((text, name) => {
      if (isNamed(text, name)) this.#learned.learn(text);
    });
    const redacted = values.redacted((text, name) =>
      isNamed(text, name) ? this.#take("named-secret", text) : this.text(text),
    );
    return this.text(redacted);
  }

  /**
   * One event, redacted, and its line of JSON. Most events have no secret: they are searched once, as text, and returned
   * unchanged.
   */
  event(event: LabEvent): { event: LabEvent; line: string } {
    const line = JSON.stringify(event);
    const isShort = line.length <= TEXT_LIMIT;
    if (isShort && !this.#keyLines.areExpected && !mayHoldSecret(line) && !this.#learned.areIn(line))
      return { event, line };
    const redacted = this.#redactEvent(event);
    return redacted === event ? { event, line } : { event: redacted, line: JSON.stringify(redacted) };
  }

  #redactEvent(event: LabEvent): LabEvent {
    const entries = Object.entries(event);
    const fields = entries.map(([key, value]) => {
      // Numbers are data that readers depend on.
      if (LINKING_FIELDS.has(key) || typeof value === "number") return [key, value];
      if ((key === "traceId" || key === "spanId") && TRACE_ID.test(String(value))) return [key, value];
      return [key, typeof value === "string" ? this.text(value) : this.value(value)];
    });
    const isSame = fields.every(([, value], index) => value === entries[index]?.[1]);
    const redacted = isSame ? event : (Object.fromEntries(fields) as LabEvent);
    if (!isLogLine(event) || !isLogLine(redacted) || !this.#keyLines.isOne(event)) return redacted;
    return hasPlaceholder(redacted.line) ? redacted : { ...redacted, line: this.#take("private-key", event.line) };
  }

  #take(kind: string, value: string): string {
    return this.#placeholders.for(kind, value);
  }
}

/** Drops the last word too, which may be the beginning of a secret. Idempotent. */
function cut(text: string): string {
  const note = (chars: number) => ` [cut: ${chars} characters were not searched for secrets]`;
  const kept = text.slice(0, TEXT_LIMIT - note(text.length).length).replace(/\S{1,1000}$/, "");
  return kept + note(text.length - kept.length);
}

function unlessSame(before: readonly unknown[], after: unknown[]): readonly unknown[] {
  return after.every((item, index) => item === before[index]) ? before : after;
}
