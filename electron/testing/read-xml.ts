/** A small, strict reader of XML 1.0 without DTDs: refuses what a CI server's parser would refuse. */
export interface XmlElement {
  name: string;
  attributes: Record<string, string>;
  children: XmlElement[];
  /** All text within, its entities resolved. */
  text: string;
  /** The first element of this name within, depth first. */
  find(name: string): XmlElement | undefined;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: the characters that XML 1.0 has no way to write
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/;
const ENTITIES: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/** @throws SyntaxError for anything that is not well-formed */
export function readXml(source: string): XmlElement {
  if (FORBIDDEN.test(source) || !source.isWellFormed()) throw new SyntaxError("a character that XML does not allow");
  const body = source.replace(/^<\?xml version="1\.0" encoding="UTF-8"\?>\s*/, "");
  const token = /<\/([\w-]+)\s*>|<([\w-]+)((?:\s+[\w-]+="[^"<]*")*)\s*(\/?)>|([^<]+)/y;
  const root = element("", "");
  const open = [root];
  while (token.lastIndex < body.length) {
    const at = token.lastIndex;
    const match = token.exec(body);
    const current = open.at(-1);
    if (match === null || current === undefined)
      throw new SyntaxError(`not well-formed at: ${body.slice(at, at + 60)}`);
    const [, closed, opened, attributes = "", empty, text] = match;
    if (text !== undefined) for (const each of open) each.text += resolved(text);
    else if (closed !== undefined) {
      if (open.pop()?.name !== closed) throw new SyntaxError(`</${closed}> closes nothing`);
    } else {
      const child = element(opened ?? "", attributes);
      current.children.push(child);
      if (empty === "") open.push(child);
    }
  }
  const [only, ...more] = root.children;
  if (open.length !== 1 || only === undefined || more.length > 0) throw new SyntaxError("needs one element, closed");
  return only;
}

function element(name: string, written: string): XmlElement {
  const pairs = [...written.matchAll(/([\w-]+)="([^"]*)"/g)].map(([, key = "", value = ""]) => [key, resolved(value)]);
  const attributes: Record<string, string> = Object.fromEntries(pairs);
  if (Object.keys(attributes).length !== pairs.length) throw new SyntaxError(`<${name}> has an attribute twice`);
  const self: XmlElement = {
    name,
    attributes,
    children: [],
    text: "",
    find: (wanted) => (self.name === wanted ? self : self.children.map((child) => child.find(wanted)).find(Boolean)),
  };
  return self;
}

function resolved(text: string): string {
  if (text.includes("]]>")) throw new SyntaxError("]]> in text");
  return text.replaceAll(/&([^;\s]*);?/g, (whole, entity: string) => {
    const character = whole.endsWith(";") ? ENTITIES[entity] : undefined;
    if (character === undefined) throw new SyntaxError(`${whole} is not an entity`);
    return character;
  });
}
