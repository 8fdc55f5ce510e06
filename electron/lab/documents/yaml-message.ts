import type { YAMLParseError } from "yaml";

type Code = YAMLParseError["code"];

/** Of each fault that the parser reports, what it means to the person who wrote the file, and the usual correction. */
const MESSAGES: Readonly<Record<Code, string>> = {
  ALIAS_PROPS: "an alias (*name) takes no anchor or tag",
  BAD_ALIAS: "this is not a valid anchor (&name) or alias (*name); put the text in quotes if it is meant as text",
  BAD_COLLECTION_TYPE: "the tag does not fit this value",
  BAD_DIRECTIVE: "this %-line is not a YAML directive",
  BAD_DQ_ESCAPE: "unknown escape in double quotes; write \\\\ for a backslash, or use single quotes",
  BAD_INDENT: "the indentation does not fit the lines above",
  BAD_PROP_ORDER: "anchors and tags come before the value, on its line",
  BAD_SCALAR_START: "a plain value cannot begin with this character; put the value in quotes",
  BLOCK_AS_IMPLICIT_KEY: 'a second ": " on this line; put a value that contains a colon in quotes',
  BLOCK_IN_FLOW: "a block list or map cannot be inside [ ] or { }",
  DUPLICATE_KEY: "this field is written twice in one map",
  IMPOSSIBLE: "this is not valid YAML",
  KEY_OVER_1024_CHARS: "a field name is at most 1024 characters",
  MISSING_CHAR: "a closing quote, bracket, comma or colon is missing",
  MULTILINE_IMPLICIT_KEY: "a field name must be on one line and end with a colon",
  MULTIPLE_ANCHORS: "one value takes one anchor (&name)",
  MULTIPLE_DOCS: "a second document begins here; a file holds one",
  MULTIPLE_TAGS: "one value takes one tag",
  NON_STRING_KEY: "a field name must be text",
  RESOURCE_EXHAUSTION: "nested too deeply",
  TAB_AS_INDENT: "a tab is used as indentation; use spaces",
  TAG_RESOLVE_FAILED: "the value does not fit its tag, or a merge (<<) names something that is not a map",
  UNEXPECTED_TOKEN: "this character is not expected here; put the value in quotes if it is text",
};

/** The parser reports with one code whatever is missing, and names it in its message alone. */
const MISSING: readonly (readonly [RegExp, string])[] = [
  [/quote/, "a closing quote is missing"],
  [/space after :/, "a space after the colon is missing"],
  [/, or :/, "a comma or a colon is missing"],
  [/Missing ,/, "a comma between the entries is missing"],
  [/^Comments/, 'a space before "#" is missing'],
  [/^Implicit map keys/, 'expected "name: value"; the colon, or the space after it, is missing'],
  [/^Sequence item/, 'a list item begins with "- "'],
];

const UNCLOSED = /end with a ([\]}])/;

export function yamlMessage({ code, message }: YAMLParseError): string {
  const bracket = UNCLOSED.exec(message);
  if (bracket !== null) return `a closing ${bracket[1]} is missing`;
  const missing = code === "MISSING_CHAR" ? MISSING.find(([pattern]) => pattern.test(message)) : undefined;
  return missing?.[1] ?? MESSAGES[code];
}
