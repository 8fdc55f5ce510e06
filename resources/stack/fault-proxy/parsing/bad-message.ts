/** What was read is not HTTP/1.x, or not in a form that two readers would be sure to read alike. */
export class BadMessage extends Error {
  override readonly name = "BadMessage";
}
