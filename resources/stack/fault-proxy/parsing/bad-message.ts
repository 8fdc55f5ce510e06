/** The data is not HTTP/1.x, or is ambiguous: two parsers could interpret it differently. */
export class BadMessage extends Error {
  override readonly name = "BadMessage";
}
