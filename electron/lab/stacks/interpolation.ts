type Variables = Readonly<Record<string, string | undefined>>;

/**
 * A value with the variables in its texts filled in, as compose does. `fail` is called for each required variable that is
 * missing and each use that is not understood, with the path of the text.
 */
export function interpolate(
  value: unknown,
  variables: Variables,
  fail: (path: readonly PropertyKey[], message: string) => void,
  path: readonly PropertyKey[] = [],
): unknown {
  if (typeof value === "string") return fillIn(value, variables, (message) => fail(path, message));
  if (Array.isArray(value)) return value.map((item, index) => interpolate(item, variables, fail, [...path, index]));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, interpolate(item, variables, fail, [...path, key])]),
  );
}

/** `$$`, `$NAME`, or the beginning of `${...}`. */
const START = /\$(?:(\$)|([A-Za-z_]\w*)|(\{))/g;
/** `NAME`, and what is done when it is set or not: `:-` and `-` a default, `:?` and `?` an error, `:+` and `+` instead. */
const EXPRESSION = /^([A-Za-z_]\w*)(?:(:?[-?+])([\s\S]*))?$/;

/** One text with its variables filled in. What has been filled in is not filled in again. */
export function fillIn(text: string, variables: Variables, fail: (message: string) => void): string {
  let filled = "";
  let from = 0;
  const start = new RegExp(START);
  for (let match = start.exec(text); match !== null; match = start.exec(text)) {
    const [all, dollar, bare] = match;
    filled += text.slice(from, match.index);
    from = match.index + all.length;
    if (dollar !== undefined) filled += "$";
    else if (bare !== undefined) filled += variables[bare] ?? "";
    else {
      const end = closingBrace(text, from);
      const expression = end < 0 ? null : EXPRESSION.exec(text.slice(from, end));
      if (expression === null) {
        // biome-ignore lint/suspicious/noTemplateCurlyInString: shown as a person writes it in a file
        fail("this use of a variable is not understood: use ${NAME}, ${NAME:-default} or ${NAME:?message}, $$ for a $");
        return filled;
      }
      filled += evaluate(expression, variables, fail);
      from = end + 1;
    }
    start.lastIndex = from;
  }
  return filled + text.slice(from);
}

function evaluate(
  [, name = "", operator, rest = ""]: RegExpExecArray,
  variables: Variables,
  fail: (message: string) => void,
): string {
  const value = variables[name];
  const isSet = operator?.startsWith(":") ? Boolean(value) : value !== undefined;
  const inner = () => fillIn(rest, variables, fail);
  if (operator?.endsWith("+")) return isSet ? inner() : "";
  if (isSet) return value ?? "";
  if (operator?.endsWith("-")) return inner();
  if (operator?.endsWith("?")) fail(`${name} is not set${rest ? `: ${inner()}` : ""}`);
  return "";
}

/** The brace that closes `${`: only another `${` opens one. */
function closingBrace(text: string, from: number): number {
  let open = 1;
  for (let at = from; at < text.length; at++) {
    if (text.startsWith("${", at)) open++;
    else if (text[at] === "}" && --open === 0) return at;
  }
  return -1;
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
