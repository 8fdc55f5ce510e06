/** `${NAME}`, `${NAME:-default}`, `${NAME-default}`, `${NAME:?message}`, `${NAME?message}`, `$NAME` and `$$`. */
const VARIABLE = /\$(?:(\$)|([A-Za-z_]\w*)|\{([A-Za-z_]\w*)(?:(:?[-?])((?:[^{}]|\{[^{}]*\})*))?\})/g;

/**
 * A value with the variables in its texts filled in, as compose does. `fail` is called with each required variable that is
 * missing, with the path of the text that wants it.
 */
export function interpolate(
  value: unknown,
  environment: Readonly<Record<string, string | undefined>>,
  fail: (path: readonly PropertyKey[], message: string) => void,
  path: readonly PropertyKey[] = [],
): unknown {
  if (typeof value === "string") {
    if (value.replace(VARIABLE, "").includes("${")) {
      fail(
        path,
        // biome-ignore lint/suspicious/noTemplateCurlyInString: told as a person writes it in a file
        "this use of a variable is not understood: use ${NAME}, ${NAME:-default} or ${NAME:?message}, $$ for a $",
      );
    }
    return value.replace(VARIABLE, (_all, dollar, bare, name, operator, rest) => {
      if (dollar) return "$";
      const variable: string = bare ?? name;
      const found = environment[variable];
      const isSet = operator?.startsWith(":") ? Boolean(found) : found !== undefined;
      if (isSet) return found ?? "";
      if (operator?.endsWith("-")) return String(interpolate(rest, environment, fail, path));
      if (operator?.endsWith("?")) fail(path, `${variable} is not set${rest ? `: ${rest}` : ""}`);
      return "";
    });
  }
  if (Array.isArray(value)) return value.map((item, index) => interpolate(item, environment, fail, [...path, index]));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, interpolate(item, environment, fail, [...path, key])]),
  );
}

/** A service's environment in which a name alone, without a value, has the value that it has here, or is left out. */
export function passedOn(environment: unknown, here: Readonly<Record<string, string | undefined>>): unknown {
  if (Array.isArray(environment)) {
    return environment.flatMap((line: unknown) => {
      if (typeof line !== "string" || line.includes("=")) return [line];
      return here[line] === undefined ? [] : [`${line}=${here[line]}`];
    });
  }
  if (typeof environment !== "object" || environment === null) return environment;
  const entries = Object.entries(environment).map(([name, value]) => [name, value === null ? here[name] : value]);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

/** The `.env` file of compose: `NAME=value` lines, `#` comments, matching quotes taken off. */
export function parseDotEnv(text: string): Record<string, string> {
  const entries = text.split("\n").flatMap((line): [string, string][] => {
    const match = /^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*?)\s*$/.exec(line);
    if (match?.[1] === undefined || match[2] === undefined) return [];
    const quoted = /^(["'])(.*)\1$/.exec(match[2]);
    return [[match[1], quoted?.[2] ?? match[2].replace(/\s+#.*$/, "")]];
  });
  return Object.fromEntries(entries);
}
