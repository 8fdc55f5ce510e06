/** Names whose value is a secret: keys of JSON or YAML, variables, headers, options. */
export const SECRET_NAMES =
  "secret|token|passwd|password|passphrase|api[_-]?key|access[_-]?key|account[_-]?key|private[_-]?key|signing[_-]?key|credential";
const SECRET_NAME = new RegExp(
  `${SECRET_NAMES}|^pwd$|^pass$|^(?:proxy-)?authorization$|^(?:set-)?cookie$|-signature$`,
  "i",
);
/** `max_tokens`, `tokenCount`: counts. */
const COUNTING_NAME = /tokens|count|limit|budget|usage|max/i;
/** `fs.access_key_rotation_days` and the like: properties of a secret. */
const DESCRIBING_NAME =
  /(?:token|secret|password|key|credential)s?[_-]?(?:type|name|id|length|days|url|uri|endpoint)$/i;

export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name) && !DESCRIBING_NAME.test(name);
}

/** A harmless value under the name of a secret: empty, a boolean, a count, a reference to a variable. */
export function isHarmless(name: string, value: string): boolean {
  if (value === "" || value === "REDACTED" || value.startsWith("[redacted")) return true;
  if (/^(?:null|undefined|none|nil|true|false|yes|no|~)$/i.test(value)) return true;
  if (/^\$(?:[A-Za-z_]\w*|\{[A-Za-z_]\w*(?::?[-?+])?\})$/.test(value)) return true;
  return (COUNTING_NAME.test(name) || DESCRIBING_NAME.test(name)) && /^\d+(?:\.\d+)?$/.test(value);
}
