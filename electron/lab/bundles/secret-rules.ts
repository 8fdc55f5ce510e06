/** What stands where a secret was: a plain word, so that YAML, JSON, shell and addresses still read as they did. */
export const REDACTED = "REDACTED";

/** Names whose value is a secret, wherever they stand: a key of JSON or YAML, a variable, a header, an option. */
const NAMES =
  "secret|token|passwd|password|passphrase|api[_-]?key|access[_-]?key|private[_-]?key|signing[_-]?key|credential";
const SECRET_NAME = new RegExp(`${NAMES}|^pwd$|^(?:proxy-)?authorization$|^(?:set-)?cookie$|-signature$`, "i");
/** `max_tokens`, `tokenCount`: how many, not which. */
const COUNTING_NAME = /tokens|count|limit|budget|usage|max/i;

export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name);
}

/** Under the name of a secret, what is no secret: nothing, a yes or no, a count, a reference to a variable. */
export function isHarmless(name: string, value: string): boolean {
  if (value === "" || value === REDACTED) return true;
  if (/^(?:null|undefined|none|nil|true|false|yes|no|~)$/i.test(value)) return true;
  if (/^\$(?:[A-Za-z_]\w*|\{[A-Za-z_]\w*(?::?[-?+])?\})$/.test(value)) return true;
  return COUNTING_NAME.test(name) && /^\d+(?:\.\d+)?$/.test(value);
}

export interface SecretRule {
  kind: string;
  pattern: RegExp;
  /** The text without the secret, from the match and its groups; the match itself when it is none after all. */
  replace(match: string, ...groups: string[]): string;
}

const whole = (): string => REDACTED;
const afterFirst = (_match: string, before: string): string => before + REDACTED;

/**
 * In this order. Each pattern is linear: what repeats is bounded, since text of any length from any stack comes by.
 * {@link MAY_HOLD_SECRET} has to match whatever one of these does.
 */
export const SECRET_RULES: readonly SecretRule[] = [
  {
    kind: "private key",
    pattern: /-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]{0,30}PRIVATE KEY-----|$)/g,
    replace: whole,
  },
  {
    kind: "password in an address",
    pattern: /(?<![a-z0-9+.-])([a-z][a-z0-9+.-]{0,30}:\/\/[^\s:@/?#"'<>]{0,200}:)([^\s/"'<>]{1,400})@/gi,
    replace: (match, before, password = "") => (isHarmless("password", password) ? match : `${before}${REDACTED}@`),
  },
  {
    kind: "authorization header",
    pattern:
      /(?<![A-Za-z])((?:proxy-)?authorization\\?["']?[ \t]{0,4}[:=][ \t]{0,4}\\?["']?(?:[A-Za-z][\w-]{0,30}[ \t]{1,4})?)([^\s"'\\,;]{1,8192})/gi,
    replace: (match, before, value = "") => (isHarmless("authorization", value) ? match : before + REDACTED),
  },
  {
    kind: "cookie",
    pattern: /(?<![A-Za-z])((?:set-)?cookie\\?["']?[ \t]{0,4}[:=][ \t]{0,4}\\?["']?)([^\r\n"'\\]{1,8192})/gi,
    replace: (match, before, value = "") => (isHarmless("cookie", value) ? match : before + REDACTED),
  },
  {
    kind: "bearer token",
    pattern: /(?<![A-Za-z])(bearer[ \t]{1,4})([A-Za-z0-9._~+/=-]{6,8192})/gi,
    replace: (match, before, value) => (value === REDACTED ? match : before + REDACTED),
  },
  {
    kind: "authorization header",
    pattern: /(?<![A-Za-z])(basic[ \t]{1,4})([A-Za-z0-9+/]{6,2048}={0,2})/gi,
    replace: (match, before, value = "") =>
      /^[\x20-\x7e]*:[\x20-\x7e]*$/.test(Buffer.from(value, "base64").toString("latin1")) ? before + REDACTED : match,
  },
  {
    kind: "Slack token",
    pattern: /(?<![A-Za-z0-9])(?:xox[a-z](?:\.[a-z]{1,4})?|xapp)-[A-Za-z0-9-]{4,400}/gi,
    replace: whole,
  },
  {
    kind: "webhook address",
    pattern: /(hooks\.slack\.com\/(?:services|workflows|triggers)\/)[^\s"'<>\\]{1,400}/gi,
    replace: afterFirst,
  },
  { kind: "signature", pattern: /(?<![A-Za-z0-9])(v0=)[0-9a-f]{64}(?![0-9a-f])/gi, replace: afterFirst },
  {
    kind: "API key",
    pattern:
      /(?<![A-Za-z0-9])(?:(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{8,250}|whsec_[A-Za-z0-9+/=]{16,250}|sk-[A-Za-z0-9_-]{16,250}|gh[pousr]_[A-Za-z0-9]{20,250}|github_pat_\w{20,250}|glpat-[\w-]{16,250}|npm_[A-Za-z0-9]{30,250}|hf_[A-Za-z0-9]{20,250}|(?:AKIA|ASIA)[A-Z0-9]{16}|AIza[\w-]{30,60})/g,
    replace: whole,
  },
  {
    kind: "JSON web token",
    pattern: /(?<![A-Za-z0-9])eyJ[\w-]{6,8192}\.[\w-]{4,16384}\.[\w-]{0,8192}/g,
    replace: whole,
  },
  {
    kind: "named secret",
    pattern: new RegExp(
      `(?<![\\w.-])((?:[\\w.-]{0,60}?(?:${NAMES})[\\w.-]{0,60}|pwd|[\\w.-]{1,60}-signature))` +
        `(\\\\?["']?[ \\t]{0,4}[:=][ \\t]{0,4}|(?<=--[\\w-]{1,120})[ \\t]{1,4})` +
        `(\\\\"(?:(?!\\\\").){0,8192}|"[^"\\n]{0,8192}|'[^'\\n]{0,8192}|[^\\s"'\\\\,;&)\\]}[{][^\\s"'\\\\,;&]{0,8192})`,
      "gi",
    ),
    replace: replaceNamed,
  },
  {
    kind: "card number",
    // In groups as cards print them, or in none: the groups of a UUID are others.
    pattern:
      /(?<![A-Za-z0-9.]|[0-9a-f]{4}-)(?:[2-6]\d{12,18}|[2-6]\d{3}([ -])\d{4}\1\d{4}\1\d{4}|3\d{3}([ -])\d{6}\2\d{4,5})(?![A-Za-z0-9]|\.\d)/g,
    replace: (match) => (isCardNumber(match) ? REDACTED : match),
  },
];

function replaceNamed(match: string, name: string, between: string, written: string): string {
  const [, quote = "", value = ""] = /^(\\?["']?)([\s\S]*)$/.exec(written) ?? [];
  if (isHarmless(name, value)) return match;
  // A scheme is no secret; what follows it was taken out by an earlier rule.
  if (/^(?:bearer|basic)$/i.test(value)) return match;
  return `${name}${between}${quote}${REDACTED}`;
}

/** A payment card's number: 13 to 19 digits that begin as one and whose check digit is right (ISO/IEC 7812). */
export function isCardNumber(text: string): boolean {
  const digits = text.replaceAll(/[ -]/g, "");
  if (!/^(?:4\d{12}(?:\d{3})?(?:\d{3})?|5[1-5]\d{14}|2[2-7]\d{14}|3[47]\d{13}|3[068]\d{12}|6\d{15,18})$/.test(digits))
    return false;
  let sum = 0;
  for (let place = 0; place < digits.length; place++) {
    const digit = Number(digits[digits.length - 1 - place]) * (place % 2 === 0 ? 1 : 2);
    sum += digit > 9 ? digit - 9 : digit;
  }
  return sum % 10 === 0;
}

/**
 * A quick look that lets most text through untouched. True for all that a rule, or a secret's name, could match. Words
 * are grouped by how they begin, which makes it twice as fast: it is asked of every event of a run.
 */
export const MAY_HOLD_SECRET = new RegExp(
  [
    "a(?:pi[_-]?key|ccess[_-]?key|uthorization|kia|sia|iza)",
    "b(?:earer|asic)",
    "c(?:redential|ookie)",
    "eyj",
    "g(?:h[pousr]_|ithub_pat_|lpat-)",
    "h(?:ooks\\.slack|f_)",
    "npm_",
    "p(?:assw|assphrase|rivate[ _-]?key|wd|k_)",
    "rk_",
    "s(?:ecret|igning[_-]?key|k[_-])",
    "token",
    "v0=",
    "whsec_",
    "x(?:ox[a-z]|app-)",
    "-signature",
    ":\\/\\/[^\\s/\"'<>]{0,601}@",
    "(?<![A-Za-z0-9.]|[0-9a-f]{4}-)[2-6](?:\\d{12}|\\d{3}[ -]\\d{4}[ -]\\d{4}[ -]\\d{4}|\\d{3}[ -]\\d{6}[ -]\\d{4})",
  ].join("|"),
  "i",
);
