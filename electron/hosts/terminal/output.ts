import { visibleLine } from "../../model/visible-text.ts";

/**
 * A stream that people read. What is written to it is text, of which much comes from files, stacks and tools of others: no
 * escape sequence, control character or direction override in it reaches the terminal. The lab's own colours and cursor
 * movements go by `writeStyled`.
 */
export class Output {
  /** For bytes, such as a bundle on standard output. */
  readonly stream: NodeJS.WriteStream;

  constructor(stream: NodeJS.WriteStream) {
    this.stream = stream;
  }

  get isTTY(): boolean {
    return this.stream.isTTY;
  }

  get columns(): number | undefined {
    return this.stream.columns;
  }

  write(text: string): void {
    this.stream.write(harmless(text));
  }

  /** Text whose parts of others have been through {@link harmless}. */
  writeStyled(text: string): void {
    this.stream.write(text);
  }
}

/** The text with what would act on a terminal written out, such as ⟨U+001B⟩; its lines and spaces stay. */
export function harmless(text: string): string {
  return text.replaceAll(/[^\n ]+/g, (word) => (isPlain(word) ? word : word.split("\t").map(visibleLine).join("\t")));
}

/** Almost all text is. */
function isPlain(word: string): boolean {
  return /^[\x21-\x7e]*$/.test(word);
}
