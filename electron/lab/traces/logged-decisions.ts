import { isObject, parseJson } from "../../model/json.ts";
import { messageOf } from "../lab-error.ts";
import { DECISION_FIELDS, describeDecisions, type LoggedDecisions } from "../stacks/decisions-spec.ts";
import type { LogLine } from "../stacks/log-tail.ts";
import type { AuditRow } from "./audit-row.ts";
import type { DecisionSource, MissingDecisions } from "./decision-source.ts";
import { COLUMN_OF, mappedDecision } from "./mapped-decision.ts";
import { UnreadableRows } from "./unreadable-rows.ts";

/** A longer line is split by the engine, and cannot be trusted to be whole. */
export const WHOLE_LINE_CHARS = 16_000;

/** Passes on every line that was printed so far. Resolves to what could not be read, or undefined. */
type ReadLines = () => Promise<string | undefined>;

type Field = LoggedDecisions["fields"]["tool"];

/** Decisions that a service prints as JSON, an object a line. Its lines are handed to it by whoever follows the logs. */
export class DecisionLog implements DecisionSource {
  readonly #spec: LoggedDecisions;
  readonly #row: ReturnType<typeof mappedDecision>;
  readonly #take: (row: AuditRow) => void;
  readonly #report: (problem: string) => void;
  readonly #readLines: ReadLines;
  readonly #unreadable = new UnreadableRows("line");
  #gap: string | undefined;
  #lines = 0;

  constructor(
    spec: LoggedDecisions,
    readLines: ReadLines,
    take: (row: AuditRow) => void,
    report: (problem: string) => void,
  ) {
    this.#spec = spec;
    this.#row = mappedDecision(spec);
    this.#readLines = readLines;
    this.#take = take;
    this.#report = report;
  }

  /** To be called with every line of every service. */
  takeLine({ service, line, atWallMs }: LogLine): void {
    if (service !== this.#spec.log) return;
    const isWhole = line.length <= WHOLE_LINE_CHARS;
    const value = isWhole && line.trimStart().startsWith("{") ? parseJson(line) : undefined;
    if (isObject(value)) this.#takeObject(value, atWallMs ?? Date.now());
    else if (line.trimStart().startsWith('{"')) {
      const why = isWhole ? "it is no JSON" : `it is longer than ${WHOLE_LINE_CHARS} characters`;
      this.#unreadableRow({}, { issues: [{ path: [], message: why }] });
    }
  }

  async read(): Promise<boolean> {
    const gap = await this.#readLines().catch(messageOf);
    this.#gap = gap === undefined ? undefined : `${describeDecisions(this.#spec)} cannot be read: ${gap}`;
    return gap === undefined;
  }

  missing(): readonly MissingDecisions[] {
    return [...(this.#gap === undefined ? [] : [{ why: this.#gap }]), ...this.#unreadable.missing()];
  }

  /** Its lines end with the follower of the logs. */
  async close(): Promise<void> {}

  #takeObject(value: Record<string, unknown>, atWallMs: number): void {
    const { where, fields } = this.#spec;
    const isMeant = Object.entries(where ?? {}).every(([path, wanted]) => at(value, path) === wanted);
    const decision = read(value, fields.decision);
    if (!isMeant || (where === undefined && decision === undefined)) return;
    const values = DECISION_FIELDS.map((field) => [COLUMN_OF[field], fields[field] && read(value, fields[field])]);
    const raw = { decided_at: new Date(atWallMs), ...defined(values), decision, id: String(++this.#lines) };
    const parsed = this.#row.safeParse(raw);
    if (!parsed.success) this.#unreadableRow(raw, parsed.error);
    else if (parsed.data !== undefined) this.#take(parsed.data);
  }

  #unreadableRow(raw: Record<string, unknown>, error: Parameters<UnreadableRows["add"]>[1]): void {
    const problem = this.#unreadable.add({ id: `of ${this.#spec.log}`, ...raw }, error);
    if (problem !== undefined) this.#report(problem);
  }
}

function at(value: unknown, path: string): unknown {
  if (isObject(value) && Object.hasOwn(value, path)) return value[path];
  return path.split(".").reduce<unknown>((part, name) => (isObject(part) ? part[name] : undefined), value);
}

function read(value: unknown, field: Field): unknown {
  if (typeof field === "string") return at(value, field) ?? undefined;
  const text = at(value, field.path);
  return typeof text === "string" ? new RegExp(field.pattern).exec(text)?.[1] : undefined;
}

function defined(entries: readonly (readonly unknown[])[]): Record<string, unknown> {
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}
