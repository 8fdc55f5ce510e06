/**
 * Reads a service's configuration from environment variables. Problems are collected, so that one start reports all of
 * them, each with the variable, the cause and an example value. An empty variable counts as absent.
 */
export type Variables = Readonly<Record<string, string | undefined>>;

/** The environment is not a valid configuration. The message has one line per problem. */
export class EnvironmentError extends Error {
  override readonly name = "EnvironmentError";
}

const unitMs = { ms: 1, s: 1_000, m: 60_000 } as const;
const longestDurationMs = 24 * 60 * 60_000;

/** `500ms`, `5s`, `5m` in milliseconds; undefined if the text is not a duration between 1 ms and 24 hours. */
export function parseDurationMs(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(text.trim());
  if (!match) return undefined;
  const ms = Math.round(Number(match[1]) * unitMs[match[2] as keyof typeof unitMs]);
  return ms >= 1 && ms <= longestDurationMs ? ms : undefined;
}

/** Calls `read` with a reader over `variables` and returns its result; throws EnvironmentError with all problems. */
export function readEnvironment<T>(variables: Variables, read: (environment: EnvironmentReader) => T): T {
  const reader = new EnvironmentReader(variables);
  const result = read(reader);
  if (reader.problems.length > 0) throw new EnvironmentError(reader.problems.join("\n"));
  return result;
}

export class EnvironmentReader {
  readonly problems: string[] = [];
  readonly #variables: Variables;

  constructor(variables: Variables) {
    this.#variables = variables;
  }

  /** A service's listen address, and the host names besides loopback that clients may use. */
  listening(port: number): { host: string; port: number; allowedHosts: readonly string[] } {
    return {
      host: this.optionalString("HOST") ?? "127.0.0.1",
      port: this.port(port),
      allowedHosts: this.list("ALLOWED_HOSTS"),
    };
  }

  optionalString(name: string): string | undefined {
    const value = this.#variables[name]?.trim();
    return value === "" ? undefined : value;
  }

  string(name: string, example: string): string {
    return this.optionalString(name) ?? this.#missing(name, example, "");
  }

  integer(name: string, limits: { fallback: number; min: number; max: number }): number {
    const text = this.optionalString(name);
    if (text === undefined) return limits.fallback;
    const value = /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= limits.min && value <= limits.max) return value;
    const expected = `a whole number from ${limits.min} to ${limits.max}`;
    return this.#refuse(name, text, expected, String(limits.fallback), limits.fallback);
  }

  port(fallback: number): number {
    return this.integer("PORT", { fallback, min: 0, max: 65_535 });
  }

  optionalDurationMs(name: string, example: string): number | undefined {
    const text = this.optionalString(name);
    if (text === undefined) return undefined;
    const expected = "a duration such as 500ms, 5s or 5m, above zero and at most 24 hours";
    return parseDurationMs(text) ?? this.#refuse(name, text, expected, example, undefined);
  }

  /** `fallback` is in the variable's format, so that it is also the example in an error. */
  durationMs(name: string, fallback: string): number {
    return this.optionalDurationMs(name, fallback) ?? parseDurationMs(fallback) ?? 0;
  }

  /** Comma separated; blanks around entries and empty entries are ignored. */
  list(name: string): string[] {
    return (this.optionalString(name) ?? "")
      .split(",")
      .map((entry) => entry.trim())
      .filter((entry) => entry !== "");
  }

  oneOf<const Value extends string>(name: string, values: readonly Value[], fallback: Value): Value {
    const text = this.optionalString(name) ?? fallback;
    const found = values.find((value) => value === text);
    return found ?? this.#refuse(name, text, `one of ${values.join(", ")}`, fallback, fallback);
  }

  /** An http or https URL, as written. */
  httpUrl(name: string, example: string): string {
    const text = this.optionalString(name);
    if (text === undefined) return this.#missing(name, example, "");
    const protocol = URL.parse(text)?.protocol;
    if (protocol === "http:" || protocol === "https:") return text;
    return this.#refuse(name, text, "an http or https URL", example, "");
  }

  /** Records a problem that only the service can detect, such as two conflicting variables. */
  problem(text: string): void {
    this.problems.push(text);
  }

  #missing<T>(name: string, example: string, instead: T): T {
    this.problem(`${name} is not set. Set it, for example ${name}=${example}`);
    return instead;
  }

  #refuse<T>(name: string, text: string, expected: string, example: string, instead: T): T {
    this.problem(`${name} is ${JSON.stringify(text)}: expected ${expected}, for example ${name}=${example}`);
    return instead;
  }
}
