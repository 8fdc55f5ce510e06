import { fillIn } from "./interpolation.ts";

type Variables = Readonly<Record<string, string | undefined>>;

export interface DotEnvProblem {
  /** From 1. */
  line: number;
  message: string;
}

/**
 * The `.env` file beside a compose file, as docker compose reads it (compose-go's `dotenv`): comments, quotes over several
 * lines, `export`, escapes in double quotes, and variables in values that are unquoted or in double quotes. A variable is
 * looked up in the environment first, then in the lines above.
 * A line that cannot be read is reported and left out.
 */
export function parseDotEnv(
  source: string,
  environment: Variables,
): { values: Record<string, string>; problems: DotEnvProblem[] } {
  const values: Record<string, string> = {};
  const problems: DotEnvProblem[] = [];
  const text = source.replace(/^\ufeff/, "");
  const lineAt = (offset: number) => text.slice(0, offset).split("\n").length;
  for (let at = 0; at < text.length; ) {
    const read = readStatement(text, at);
    const fail = (message: string) => problems.push({ line: lineAt(at), message });
    if ("problem" in read) fail(read.problem);
    else if (read.name !== undefined) {
      const value = readValue(read, values, environment, fail);
      if (value !== undefined) values[read.name] = value;
    }
    at = read.end;
  }
  return { values, problems };
}

type Quote = '"' | "'" | undefined;
type Statement =
  | { end: number; name?: undefined }
  /** `text` is undefined for a name alone, which takes its value from the environment. */
  | { end: number; name: string; text: string | undefined; quote: Quote }
  | { end: number; problem: string };

const BLANK = /[^\S\n]*(?:#[^\n]*)?(?:\n|$)/y;
const NAME = /[^\S\n]*(?:export[^\S\n]+)?([\p{L}\p{N}_.\-[\]]+)[^\S\n]*([=:]|\n|$)[^\S\n]*/uy;
const UNQUOTED = /[^\n]*/y;
/** A backslash keeps the quote after it from ending the value. */
const QUOTED = { '"': /"((?:[^"\\]|\\[\s\S])*)"/y, "'": /'((?:[^'\\]|\\[\s\S])*)'/y };

function readStatement(text: string, start: number): Statement {
  const blank = matchAt(BLANK, text, start);
  if (blank !== null) return { end: start + Math.max(1, blank[0].length) };
  const head = matchAt(NAME, text, start);
  if (head === null) return { end: endOfLine(text, start), problem: 'expected "NAME=value"' };
  const [all, name = "", separator] = head;
  const from = start + all.length;
  if (separator !== "=" && separator !== ":") return { end: from, name, text: undefined, quote: undefined };
  const quote = text[from];
  if (quote === '"' || quote === "'") {
    const quoted = matchAt(QUOTED[quote], text, from);
    if (quoted === null) return { end: text.length, problem: `the value of ${name} has no closing ${quote}` };
    return { end: from + quoted[0].length, name, text: (quoted[1] ?? "").replaceAll(`\\${quote}`, quote), quote };
  }
  const [line = ""] = matchAt(UNQUOTED, text, from) ?? [];
  return { end: from + line.length, name, text: line.replace(/ #.*$/, "").trimEnd(), quote: undefined };
}

function readValue(
  { name, text, quote }: Extract<Statement, { name: string }>,
  above: Variables,
  environment: Variables,
  fail: (message: string) => void,
): string | undefined {
  if (text === undefined) return environment[name];
  if (quote === "'") return text;
  const set = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== undefined));
  return fillIn(quote === '"' ? unescaped(text) : text, { ...above, ...set }, fail);
}

const ESCAPES: Readonly<Record<string, string>> = {
  a: "\u0007",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  '"': '"',
  "\\": "\\",
  // For the variables that are filled in next, a dollar sign of its own.
  $: "$$",
};

function unescaped(text: string): string {
  return text.replace(/\\(?:([abfnrtv$"\\])|0([0-7]{3}))/g, (_all, character?: string, octal?: string) => {
    return character === undefined ? String.fromCharCode(Number.parseInt(octal ?? "0", 8)) : (ESCAPES[character] ?? "");
  });
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf("\n", from);
  return end < 0 ? text.length : end + 1;
}
